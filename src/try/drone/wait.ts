// Where the time of the simulated builds passes. Replaced by tests that move a build on by hand.

import { setTimeout as sleep } from 'node:timers/promises';

/** Which build waits, and for what; `ms` is already scaled. */
export interface WaitAbout {
  slug: string;
  number: number;
  /** Number of the stage that waits; absent: the build itself. */
  stage?: number;
  /** Number of the step whose process waits. */
  step?: number;
  /** `pending`, `accepted`, `starting`, `started`, `output`, `running`, `ending`, `closing`. */
  phase: string;
}

/** Resolves after `ms` (Infinity: never), rejects when the signal is aborted. */
export type Wait = (ms: number, about: WaitAbout, signal: AbortSignal) => Promise<void>;

// setTimeout takes no more than this; longer waits are made of several.
const LONGEST = 2 ** 31 - 1;

export const realTime: Wait = async (ms, _about, signal) => {
  let left = ms;
  do {
    const part = Math.min(left, LONGEST);
    await sleep(part, undefined, { signal });
    left -= part;
  } while (left > 0);
};
