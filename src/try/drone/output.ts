// A step's process writes, spread over its time: live output is really live, and two hundred thousand lines are never held at once.

import type { BuildRecord, StepRecord } from './records.ts';
import type { Output } from './scenario.ts';
import type { DroneState } from './state.ts';

/** How often a step's output is sent on. */
const BATCHES = 10;
/** Writes that are taken from a function at once. */
const TAKEN = 2000;
/** Between batches of a step that has no end. */
const ENDLESS_MS = 20;
const STEP_MS = 30;

type Write = string | Uint8Array;

interface Batch {
  readonly writes: readonly Write[];
  readonly last: boolean;
}

/** The same writes in portions of `size`. Looks one write ahead, so that the last portion is known. */
function* batches(output: Iterable<Write>, size: number): Iterable<Batch> {
  let writes: Write[] = [];
  for (const write of output) {
    if (writes.length === size) {
      yield { writes, last: false };
      writes = [];
    }
    writes.push(write);
  }
  if (writes.length > 0) yield { writes, last: true };
}

function portion(output: Output, endless: boolean): number {
  if (typeof output === 'function') return endless ? 1 : TAKEN;
  return Math.max(1, Math.ceil(output.length / BATCHES));
}

/** Resolves when the process has ended by itself; rejects when it is killed. */
export async function runProcess(state: DroneState, build: BuildRecord, step: StepRecord): Promise<void> {
  const { lines = [], ms = STEP_MS } = step.scenario;
  const startedAt = Date.now();
  const endless = ms === Number.POSITIVE_INFINITY;
  let left = ms;
  for (const { writes, last } of batches(typeof lines === 'function' ? lines() : lines, portion(lines, endless))) {
    const seconds = Math.floor((Date.now() - startedAt) / 1000);
    const entries = writes.flatMap((write) => step.log.write(write, seconds));
    await step.live.publish(entries, step.log, last);
    // A function may give more portions than the step has time for: those follow each other at once.
    const pause = endless ? ENDLESS_MS : Math.min(ms / BATCHES, left);
    left -= pause;
    await state.wait(build, pause, 'output');
  }
  await state.wait(build, left, 'running');
}
