// How often one runner may call. A hook makes some ten calls in a job; a controlled runner could make thousands a second,
// each an audit line and a signature check, until the disk is full and nobody's task starts any more. Whoever has used
// up its calls is answered late, and pays with its own connections.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Bounds, Clock, Timing } from './timing.ts';

export interface Pace {
  /** Resolves when the call may be handled. */
  wait(runner: string): Promise<void>;
  /** Forgets runners that have all their calls again. */
  forget(): void;
}

interface Bucket {
  calls: number;
  at: number;
}

export function createPace({ calls, callsPerSecond }: Bounds, { latecomer }: Timing, clock: Clock): Pace {
  const buckets = new Map<string, Bucket>();

  function left(bucket: Bucket): number {
    return Math.min(calls, bucket.calls + ((clock.monotonic() - bucket.at) / 1000) * callsPerSecond);
  }

  return {
    async wait(runner) {
      const bucket = buckets.get(runner) ?? { calls, at: clock.monotonic() };
      const now = left(bucket);
      buckets.set(runner, { calls: Math.max(0, now - 1), at: clock.monotonic() });
      if (now < 1) await sleep(latecomer, undefined, { ref: false });
    },
    forget() {
      for (const [runner, bucket] of buckets) if (left(bucket) >= calls) buckets.delete(runner);
    },
  };
}
