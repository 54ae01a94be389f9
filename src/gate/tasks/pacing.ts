// A log that comes in a burst, as a stored one does, is faster than any runner. For a runner that reads, the gate waits a
// moment before it takes more from the cell, which then waits itself (cell/output.ts): so no line is lost. For one that
// does not read, and for one that has used up its time, it does not: no runner can hold back a verdict (DESIGN.md, The
// gate).

import type { Clock } from '../timing.ts';
import type { Relay } from './relay.ts';

export interface Pacing {
  /** null: there is no reason to wait. The promise never rejects and resolves within `patience` after the last sign. */
  pause(): Promise<void> | null;
}

export interface PacingOptions {
  readonly relay: Pick<Relay, 'behind' | 'onRead'>;
  /** Whether a runner is reading just now. */
  readonly read: () => boolean;
  readonly clock: Clock;
  /** Bytes that may wait for the runner before the cell is made to. */
  readonly bytes: number;
  /** Milliseconds without a sign after which a runner does not count as reading, until it takes something again. */
  readonly patience: number;
  /** Milliseconds for all pauses of a task together. */
  readonly budget: number;
}

export function createPacing({ relay, read, clock, bytes, patience, budget }: PacingOptions): Pacing {
  let left = budget;
  let stalled = false;
  relay.onRead(() => (stalled = false));

  const crowded = (): boolean => read() && relay.behind() > bytes;

  /** @returns whether the runner has taken something within `ms` */
  function sign(ms: number): Promise<boolean> {
    return new Promise((done) => {
      const settle = (taken: boolean): void => {
        clearTimeout(timer);
        stop();
        done(taken);
      };
      const timer = setTimeout(settle, ms, false);
      const stop = relay.onRead(() => settle(true));
    });
  }

  async function wait(): Promise<void> {
    const began = clock.monotonic();
    const spent = (): number => clock.monotonic() - began;
    while (crowded() && spent() < left) {
      if (await sign(Math.min(patience, left - spent()))) continue;
      stalled = true;
      break;
    }
    left -= spent();
  }

  return { pause: () => (stalled || left <= 0 || !crowded() ? null : wait()) };
}
