// Many runs, some at the same time, each on a machine of its own.

import type { Built } from '../../src/try/built.ts';
import { type Plan, planOf } from './kinds.ts';
import { chance } from './random.ts';
import { type Outcome, openBench } from './run-one.ts';

export interface Ran {
  readonly nth: number;
  readonly plan: Plan;
  readonly outcome: Outcome;
}

export interface RunsOptions {
  readonly built: Built;
  /** Numbers of the runs: any run can be repeated alone. */
  readonly numbers: readonly number[];
  readonly seed: number;
  /** How many at the same time. */
  readonly lanes: number;
  readonly onRun?: (ran: Ran) => void;
}

/** The plan of a run depends on the seed and its number alone. */
export const planFor = (seed: number, nth: number): Plan => planOf(nth, chance(seed * 100_003 + nth));

export async function runAll({ built, numbers, seed, lanes, onRun }: RunsOptions): Promise<readonly Ran[]> {
  const all: Ran[] = [];
  const left = [...numbers];
  const lane = async (): Promise<void> => {
    let bench = await openBench(built);
    try {
      for (let nth = left.shift(); nth !== undefined; nth = left.shift()) {
        const plan = planFor(seed, nth);
        const ran = { nth, plan, outcome: await bench.run(nth, plan) };
        all.push(ran);
        onRun?.(ran);
        if (ran.outcome.broken.length === 0) continue;
        // What is left of a run that went wrong must not trouble the next one.
        await bench.close();
        bench = await openBench(built);
      }
    } finally {
      await bench.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, numbers.length) }, lane));
  return all.toSorted((a, b) => a.nth - b.nth);
}
