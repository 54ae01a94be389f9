// `npm run faults [-- --runs N --seed S --first N --kind WORDS]`: jobs with faults at random points of the trigger, one
// line for each kind of fault. WORDS: only the kinds whose name holds them. Never two builds, never a green without one, every unknown outcome resolved or called unknown.

import { parseArgs } from 'node:util';
import { findBuilt } from '../../src/try/built.ts';
import { kindNames } from './kinds.ts';
import { type Ran, planFor, runAll } from './lanes.ts';
import { isUnknown } from './run-one.ts';

const whole = (text: string, name: string): number => {
  if (!/^[0-9]{1,9}$/.test(text)) throw new Error(`--${name} is not a whole number`);
  return Number(text);
};

function lineOf(kind: string, all: readonly Ran[]): string {
  const of = all.filter(({ plan }) => plan.kind === kind);
  const count = (test: (ran: Ran) => boolean): string => String(of.filter(test).length).padStart(3);
  const builds = of.reduce((sum, { outcome }) => sum + outcome.builds.length, 0);
  const codes = new Map<string, number>();
  for (const { outcome } of of) if (outcome.code !== '') codes.set(outcome.code, (codes.get(outcome.code) ?? 0) + 1);
  return [
    kind.padEnd(32),
    `runs ${String(of.length).padStart(3)}  builds ${String(builds).padStart(3)}`,
    `success ${count(({ outcome }) => outcome.conclusion === 'success')}`,
    `unknown ${count(({ outcome }) => isUnknown(outcome))}`,
    `as expected ${count(({ outcome }) => outcome.broken.length === 0)}`,
    [...codes].map(([code, times]) => `${times} × ${code}`).join(', '),
  ]
    .join('  ')
    .trimEnd();
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string' },
      seed: { type: 'string' },
      first: { type: 'string' },
      lanes: { type: 'string' },
      kind: { type: 'string' },
    },
  });
  const runs = whole(values.runs ?? '500', 'runs');
  const seed = whole(values.seed ?? String(Date.now() % 1_000_000), 'seed');
  const lanes = whole(values.lanes ?? '4', 'lanes');
  const { kind: words = '' } = values;
  if (!kindNames.some((name) => name.includes(words))) throw new Error(`no kind of fault is called ${words}`);
  const numbers: number[] = [];
  for (let nth = whole(values.first ?? '0', 'first'); numbers.length < runs; nth++)
    if (planFor(seed, nth).kind.includes(words)) numbers.push(nth);
  console.log(`faults: ${runs} runs with the seed ${seed}, ${lanes} at the same time`);
  const began = Date.now();
  let done = 0;
  const all = await runAll({
    built: findBuilt(),
    numbers,
    seed,
    lanes,
    onRun({ nth, plan, outcome }) {
      for (const rule of outcome.broken)
        console.log(
          `NOT AS EXPECTED: run ${nth} (--seed ${seed} --first ${nth} --runs 1), ${plan.kind}: ${rule}; ${outcome.conclusion} ${outcome.code}, builds ${outcome.builds.join(', ') || 'none'}, ${JSON.stringify(plan.faults)}`,
        );
      if (++done % 50 === 0) console.log(`faults: ${done} runs, ${Math.round((Date.now() - began) / 1000)} s`);
    },
  });
  for (const kind of kindNames) if (kind.includes(words)) console.log(lineOf(kind, all));
  const builds = all.reduce((sum, { outcome }) => sum + outcome.builds.length, 0);
  const expected = all.filter(({ outcome }) => outcome.broken.length === 0).length;
  console.log(`faults: ${all.length} runs, ${builds} builds, ${expected} as expected`);
  return all.length === runs && runs > 0 && expected === runs ? 0 : 1;
}

// With its gates and cells, which end when this process does.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exit(
  await main().catch((error: unknown) => {
    console.error(`faults: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }),
);
