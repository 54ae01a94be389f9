// One turn as the holder: renewed while it can be, over for good when it could not be, and only this process's monotonic
// clock says when. A turn never comes back: the next one has a newer epoch and reads the ledger anew.

import { createTurnstile } from '../../limit.ts';
import type { Clock } from '../../timing.ts';
import { removeAside } from './aside.ts';
import type { Disk } from './disk.ts';
import { ledgerFailure } from './failure.ts';
import type { Folder } from './folder.ts';
import type { Report } from './health.ts';
import { holderPath, isLost, removeHolders } from './holder.ts';
import type { Taken } from './take-over.ts';
import type { FileLedgerTiming } from './timing.ts';

/** What a gate sees of its turn. */
export interface Turn {
  readonly epoch: number;
  /** Resolves, never rejects, when the turn is over: why, in one sentence for the operator's log. */
  readonly ended: Promise<string>;
}

export interface HeldTurn extends Turn {
  readonly taken: Taken;
  live(): boolean;
  end(reason: string): void;
  /** Ends it and lets the next gate begin at once. Never rejects. */
  release(): Promise<void>;
}

export interface TurnContext {
  readonly disk: Disk;
  readonly folder: Folder;
  readonly clock: Clock;
  readonly timing: FileLedgerTiming;
  readonly report: Report;
  /** Called after each renewal; never rejects. */
  readonly onRenewed: () => Promise<void>;
}

export const takenByAnother = 'another gate has taken the ledger over';

/** @param since monotonic milliseconds, from before the take-over began */
export function startTurn(taken: Taken, since: number, context: TurnContext): HeldTurn {
  const { disk, folder, clock, timing, report, onRenewed } = context;
  const { epoch } = taken;
  const inTurn = createTurnstile();
  let rev = epoch;
  let renewedAt = since;
  let over = false;
  let next: NodeJS.Timeout | undefined;
  let expiry: NodeJS.Timeout | undefined;
  let resolveEnded: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((done) => (resolveEnded = done));
  const expired = `the ledger's holder record could not be renewed for ${timing.stop} ms`;

  const left = (): number => timing.stop - (clock.monotonic() - renewedAt);
  const live = (): boolean => !over && left() > 0;

  function end(reason: string): void {
    if (over) return;
    over = true;
    clearTimeout(next);
    clearTimeout(expiry);
    resolveEnded(reason);
  }

  function watch(): void {
    clearTimeout(expiry);
    expiry = setTimeout(() => (live() ? watch() : end(expired)), Math.max(1, left()));
  }

  async function renew(): Promise<void> {
    const began = clock.monotonic();
    if (!live()) return end(expired);
    try {
      // Not synced: a renewal only matters to processes that live now, and a slow disk must not end a turn. After a
      // power cut the newest name may be an older one, never older than the take-over, which was synced.
      await disk.link(taken.held, holderPath(folder, rev + 1));
    } catch (error) {
      if (isLost(error)) return end(takenByAnother);
      throw error;
    }
    renewedAt = began;
    rev += 1;
    // The take-over's own name stays for as long as the turn: epochs then never go back.
    if (rev - 1 > epoch) await removeHolders(disk, folder, [rev - 1]);
  }

  async function tick(): Promise<void> {
    let pause = timing.renew;
    try {
      await inTurn(renew);
      report(null);
    } catch (error) {
      report(ledgerFailure(folder.path, error));
      pause = timing.retry;
    }
    if (over) return;
    watch();
    next = setTimeout(() => void tick(), pause);
    await onRenewed();
  }

  async function release(): Promise<void> {
    const wasLive = live();
    end('this gate has stepped down');
    await inTurn(async () => {
      if (wasLive) await disk.link(taken.released, holderPath(folder, rev + 1));
      await removeAside(disk, folder, taken.aside);
    }).catch(() => undefined);
  }

  watch();
  next = setTimeout(() => void tick(), timing.renew);
  return { epoch, ended, taken, live, end, release };
}
