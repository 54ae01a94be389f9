// How a cell ended. Its output has ended, which has two reasons: the cell is over, or the engine went away under a cell
// that goes on. The engine is asked until it is clear which, within a limit.

import { setTimeout as sleep } from 'node:timers/promises';
import type { CellEnd } from '../engine.ts';
import type { ContainerAnswer } from './answers.ts';
import type { EngineApi } from './api.ts';
import { EngineError } from './engine-error.ts';
import type { DockerTiming } from './timing.ts';

/** What a container that does not run (any more) says. */
export function endOf({ State }: ContainerAnswer): CellEnd {
  const { Status, OOMKilled, ExitCode } = State;
  if (Status === 'created') return { exitCode: null, reason: 'it was never started' };
  if (OOMKilled)
    return { exitCode: ExitCode, reason: 'it was ended because it needed more memory than a cell may use' };
  if (ExitCode === 137) return { exitCode: ExitCode, reason: 'it was killed from outside (exit code 137)' };
  return { exitCode: ExitCode, reason: `it ended with exit code ${ExitCode}` };
}

export const removed: CellEnd = { exitCode: null, reason: 'it was removed' };
const stillRunning: CellEnd = {
  exitCode: null,
  reason: "the Docker engine's connection to it ended, but it is still running",
};
const unknown: CellEnd = {
  exitCode: null,
  reason: 'the Docker engine went away, and nobody knows how it goes on',
};

/** Asks how a cell ended whose output has ended. Never rejects. */
export async function askForEnd(api: EngineApi, id: string, timing: DockerTiming): Promise<CellEnd> {
  const began = performance.now();
  let pause = 20;
  for (;;) {
    const passed = performance.now() - began;
    try {
      const seen = await api.inspect(id);
      if (!seen.State.Running) return endOf(seen);
      if (passed >= timing.settle) return stillRunning;
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return removed;
      if (passed >= timing.back) return unknown;
    }
    await sleep(pause, undefined, { ref: false });
    pause = Math.min(pause * 2, 250);
  }
}
