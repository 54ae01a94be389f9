// Takes each rule away in a copy of the tree and asks its tests. Several copies work side by side.

import { type Bench, openBench } from './bench.ts';
import type { Guard } from './guard.ts';
import type { Outcome } from './outcome.ts';
import { switchedOff } from './switch-off.ts';

export interface CheckOptions {
  /** See `openBench`. */
  readonly program: string;
  readonly copies: number;
  /** Milliseconds for one test file. */
  readonly limit: number;
  /** Ends everything; the copies are removed in any case. */
  readonly signal: AbortSignal;
}

export interface Checked {
  readonly guard: Guard;
  readonly outcome: Outcome;
  /** Milliseconds. */
  readonly took: number;
}

/** What every rule is measured against is not there: a named test fails although nothing was taken away. */
export class NoBaseline extends Error {}

/** Gives each item to whichever bench is free; results in the order of the items, as soon as all before them are there. */
async function share<Item, Result>(
  benches: readonly Bench[],
  items: readonly Item[],
  signal: AbortSignal,
  work: (bench: Bench, item: Item) => Promise<Result>,
  told: (item: Item, result: Result) => void,
): Promise<void> {
  const waiting = items.entries();
  const results = new Map<Item, Result>();
  let shown = 0;
  const one = async (bench: Bench): Promise<void> => {
    for (const [, item] of waiting) {
      if (signal.aborted) return;
      results.set(item, await work(bench, item));
      for (let next = items[shown]; next !== undefined && results.has(next); next = items[++shown])
        if (!signal.aborted) told(next, results.get(next) as Result);
    }
  };
  await Promise.all(benches.map(one));
}

/** One file after the other, as the guard names them: the first that notices suffices. */
async function ask(bench: Bench, { file, only, tests }: Guard): Promise<Outcome> {
  let count = 0;
  for (const test of tests) {
    const outcome = await bench.run({ test, only, changed: file });
    if (outcome.kind !== 'passed') return outcome;
    count += outcome.count;
  }
  return { kind: 'passed', count };
}

async function checkOne(bench: Bench, guard: Guard): Promise<Checked> {
  const began = performance.now();
  const outcome = await switchedOff(bench.path, guard, () => ask(bench, guard)).catch(
    (error: unknown): Outcome => ({ kind: 'broken', why: `${guard.file}: ${(error as Error).message}` }),
  );
  return { guard, outcome, took: performance.now() - began };
}

/**
 * @param begun called when all named tests have passed once, with their number
 * @param told called for each guard, in the order of the table
 * @throws {NoBaseline}
 */
export async function checkGuards(
  guards: readonly Guard[],
  { copies, limit, program, signal }: CheckOptions,
  begun: (tests: number) => void,
  told: (checked: Checked) => void,
): Promise<void> {
  const benches: Bench[] = [];
  const close = (): void => {
    for (const bench of benches) bench.close();
  };
  signal.addEventListener('abort', close, { once: true });
  try {
    while (benches.length < copies) benches.push(openBench(program, limit));
    const tests = [...new Set(guards.flatMap((guard) => guard.tests))];
    let count = 0;
    await share(
      benches,
      tests,
      signal,
      (bench, test) => bench.run({ test }),
      (test, outcome) => {
        if (outcome.kind === 'passed') count += outcome.count;
        else throw new NoBaseline(`${test}: ${outcome.kind === 'failed' ? `${outcome.test}: ` : ''}${outcome.why}`);
      },
    );
    begun(count);
    await share(benches, guards, signal, checkOne, (_guard, checked) => told(checked));
  } finally {
    close();
  }
}
