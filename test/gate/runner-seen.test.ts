// What a gate tells of its runners: whoever makes them has to know which have a job.

import { afterEach, expect, test } from 'vitest';
import { memoryLedger } from '../../src/gate/index.ts';
import { type Bench, startBench } from './support/bench.ts';

let bench: Bench;
afterEach(() => bench.stop());

test('a session is a job that has begun, and its end the end of it; the next gate hears of open ones again', async () => {
  const seen: string[] = [];
  const runnerSeen = ({ id }: { readonly id: string }, what: string): void => void seen.push(`${id} ${what}`);
  bench = await startBench({ ledger: memoryLedger(), runnerSeen });
  const first = await (await bench.runner('one')).session();
  const second = await bench.runner('two');
  await second.session();
  expect(seen).toEqual(['one busy', 'two busy']);
  await first.close();
  expect(seen.splice(0)).toEqual(['one busy', 'two busy', 'one done']);
  await bench.restart();
  expect(seen.splice(0)).toEqual(['two busy']);
  await second.close();
  expect(seen).toEqual(['two done']);
});
