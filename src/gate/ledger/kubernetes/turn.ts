// One turn as the holder: renewed while it can be, over for good when it could not be, and only this process's monotonic
// clock says when. A turn never comes back: the next one has a newer epoch and reads the ledger anew.

import type { Clock } from '../../timing.ts';
import type { Lease, LeaseView } from './lease.ts';
import type { ClusterLedgerTiming } from './timing.ts';

export interface Turn {
  readonly epoch: number;
  /** Resolves, never rejects, when the turn is over: why, in one sentence for the operator's log. */
  readonly ended: Promise<string>;
  live(): boolean;
  end(reason: string): void;
  /** Ends it and lets the next gate begin at once. Never rejects. */
  release(): Promise<void>;
}

export interface TurnContext {
  readonly lease: Lease;
  readonly holder: string;
  readonly clock: Clock;
  readonly timing: ClusterLedgerTiming;
  /** null: all is well. */
  readonly report: (error: unknown) => void;
}

export const takenByAnother = 'another gate has taken the ledger over';

/** @param since monotonic milliseconds, from before the lease was written */
export function startTurn(won: LeaseView, since: number, { lease, holder, clock, timing, report }: TurnContext): Turn {
  const { epoch } = won;
  let standing = won;
  let renewedAt = since;
  let over = false;
  let next: NodeJS.Timeout | undefined;
  let expiry: NodeJS.Timeout | undefined;
  let working: Promise<void> = Promise.resolve();
  let resolveEnded: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((done) => (resolveEnded = done));

  const left = (): number => timing.stop - (clock.monotonic() - renewedAt);
  const live = (): boolean => !over && left() > 0;

  function end(reason: string): void {
    if (over) return;
    over = true;
    clearTimeout(next);
    clearTimeout(expiry);
    resolveEnded(reason);
  }

  const expired = (): void => end(`the ledger's Lease could not be renewed for ${timing.stop} ms`);

  function watch(): void {
    clearTimeout(expiry);
    expiry = setTimeout(() => (live() ? watch() : expired()), Math.max(1, left()));
  }

  async function renew(): Promise<void> {
    if (!live()) return expired();
    const began = clock.monotonic();
    const limit = Math.max(1, Math.min(timing.call, left()));
    const written = await lease.write(standing, { holder, epoch }, limit);
    if (written !== null) {
      standing = written;
      renewedAt = began;
      return;
    }
    // A renewal whose answer was lost, or somebody who only labelled the Lease: still ours, under another version.
    const now = await lease.read(limit);
    if (now?.holder !== holder || now.epoch !== epoch) return end(takenByAnother);
    standing = now;
    const again = await lease.write(standing, { holder, epoch }, limit);
    if (again === null) return;
    standing = again;
    renewedAt = began;
  }

  async function tick(): Promise<void> {
    let pause = timing.renew;
    try {
      working = renew();
      await working;
      report(null);
    } catch (error) {
      report(error);
      pause = timing.retry;
    }
    if (over) return;
    watch();
    next = setTimeout(() => void tick(), pause);
  }

  watch();
  next = setTimeout(() => void tick(), timing.renew);
  return {
    epoch,
    ended,
    live,
    end,
    async release() {
      const wasLive = live();
      end('this gate has stepped down');
      await working.catch(() => undefined);
      if (wasLive) await lease.write(standing, { holder: '', epoch }, timing.call).catch(() => undefined);
    },
  };
}
