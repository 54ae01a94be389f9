// The time by which records grow old. A wall clock that jumps a year ahead must not empty the ledger: what was started
// today could then be started again.

import type { Clock } from '../../timing.ts';

/** A slewed clock moves less than this between two looks. */
const slew = 60_000;

/**
 * Milliseconds since the epoch; a jump ahead counts only after the clock has kept to it for `trust` milliseconds, a jump
 * back at once, since it only delays.
 */
export function steadyClock(clock: Clock, trust: number): () => number {
  let offset = clock.now() - clock.monotonic();
  let jumpedAt: number | null = null;
  return () => {
    const at = clock.monotonic();
    const seen = clock.now() - at;
    if (seen > offset + slew) jumpedAt ??= at;
    else jumpedAt = null;
    if (jumpedAt === null || at - jumpedAt >= trust) {
      offset = seen;
      jumpedAt = null;
    }
    return at + offset;
  };
}
