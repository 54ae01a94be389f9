// How often one runner may call. A hook makes some ten calls in a job; a controlled runner could make thousands a second,
// each an audit line and a signature check, until the disk is full and nobody's task starts any more. Whoever has used
// up its calls is answered one call after the other, as they come back, and pays with its own connections.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Bounds, Clock } from './timing.ts';

export interface Pace {
  /**
   * Resolves when the call may be handled.
   * @param gone aborted when the caller has gone away: resolves then, and the call must not be handled
   */
  wait(runner: string, gone?: AbortSignal): Promise<void>;
  /** Forgets runners that have all their calls again. */
  forget(): void;
}

interface Bucket {
  calls: number;
  at: number;
  /** Calls that wait, and the end of the last one's waiting. */
  waiting: number;
  last: Promise<void>;
}

/** Milliseconds after which who waits looks again, whatever was reckoned. */
const longestPause = 1_000;

/** Resolves with the promise, or when the caller has gone away. */
function unlessGone(promise: Promise<void>, gone: AbortSignal | undefined): Promise<void> {
  if (gone === undefined) return promise;
  return new Promise((done) => {
    gone.addEventListener('abort', () => done(), { once: true });
    if (gone.aborted) done();
    void promise.then(done);
  });
}

export function createPace({ calls, callsPerSecond }: Bounds, clock: Clock): Pace {
  const buckets = new Map<string, Bucket>();

  function left(bucket: Bucket): number {
    return Math.min(calls, bucket.calls + ((clock.monotonic() - bucket.at) / 1000) * callsPerSecond);
  }

  function take(bucket: Bucket): boolean {
    const now = left(bucket);
    if (now < 1) return false;
    bucket.calls = now - 1;
    bucket.at = clock.monotonic();
    return true;
  }

  async function turn(bucket: Bucket, gone: AbortSignal | undefined): Promise<void> {
    for (;;) {
      // Who is gone uses nothing up.
      if (gone?.aborted === true || take(bucket)) break;
      const pause = Math.min(longestPause, (1000 * (1 - left(bucket))) / callsPerSecond);
      await sleep(pause, undefined, { ref: false, signal: gone }).catch(() => undefined);
    }
    bucket.waiting--;
  }

  return {
    async wait(runner, gone) {
      const bucket = buckets.get(runner) ?? { calls, at: clock.monotonic(), waiting: 0, last: Promise.resolve() };
      buckets.set(runner, bucket);
      if (bucket.waiting === 0 && take(bucket)) return;
      bucket.waiting++;
      bucket.last = bucket.last.then(() => turn(bucket, gone));
      await unlessGone(bucket.last, gone);
    },
    forget() {
      for (const [runner, bucket] of buckets) if (bucket.waiting === 0 && left(bucket) >= calls) buckets.delete(runner);
    },
  };
}
