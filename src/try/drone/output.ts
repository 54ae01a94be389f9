// A step's process writes, spread over its time: live output is really live, and two hundred thousand lines are never held at once.

import type { BuildRecord, StageRecord, StepRecord } from './records.ts';
import type { Output } from './scenario.ts';
import type { DroneState } from './state.ts';

/** How often a step's output is sent on. */
const BATCHES = 10;
/** What is taken from a function at once: this many writes, fewer if they are long. */
const TAKEN = 2000;
const TAKEN_LENGTH = 1024 * 1024;
/** Between batches of a step that has no end. */
const ENDLESS_MS = 20;
const STEP_MS = 30;

type Write = string | Uint8Array;

interface Portion {
  readonly writes: number;
  readonly length: number;
}

interface Batch {
  readonly writes: readonly Write[];
  readonly last: boolean;
}

/** The same writes in portions. Looks one write ahead, so that the last portion is known. */
function* batches(output: Iterable<Write>, most: Portion): Iterable<Batch> {
  let writes: Write[] = [];
  let length = 0;
  for (const write of output) {
    if (writes.length === most.writes || (writes.length > 0 && length + write.length > most.length)) {
      yield { writes, last: false };
      writes = [];
      length = 0;
    }
    writes.push(write);
    length += write.length;
  }
  if (writes.length > 0) yield { writes, last: true };
}

function portion(output: Output, endless: boolean): Portion {
  if (typeof output === 'function') return { writes: endless ? 1 : TAKEN, length: TAKEN_LENGTH };
  return { writes: Math.max(1, Math.ceil(output.length / BATCHES)), length: Number.POSITIVE_INFINITY };
}

/** Resolves when the process has ended by itself; rejects when it is killed. */
export async function runProcess(
  state: DroneState,
  build: BuildRecord,
  stage: StageRecord,
  step: StepRecord,
): Promise<void> {
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
    await state.wait(build, pause, 'output', stage, step);
  }
  await state.wait(build, left, 'running', stage, step);
}
