// A standby's wait for its turn. When a holder last renewed is measured with this process's own clock, by the version of
// the Lease: two machines' clocks, or one that is stepped, decide nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../protocol/index.ts';
import type { LeaseView } from './lease.ts';
import type { TurnContext } from './turn.ts';

export interface Won {
  readonly view: LeaseView;
  /** Monotonic milliseconds, from before the Lease was written. */
  readonly since: number;
}

export interface Candidate extends TurnContext {
  /** The newest epoch that any record names: a Lease that was deleted must not begin anew below it. */
  readonly newestEpoch: () => Promise<number>;
  /** Told once for each other holder. */
  readonly onOther: (holder: string) => void;
}

/** The version of a Lease that is not there. */
const none = 'none';

/** @throws {Failure} `gate-stopping` once `closed` is aborted; every other trouble is reported and tried again */
export async function campaign(candidate: Candidate, closed: AbortSignal): Promise<Won> {
  const { lease, holder, clock, timing, report, newestEpoch, onOther } = candidate;
  let seen = { version: '', at: 0 };
  let told = '';

  function mayFollow(view: LeaseView | null, newest: number): boolean {
    const version = view?.version ?? none;
    if (version !== seen.version) seen = { version, at: clock.monotonic() };
    // Somebody deleted it, perhaps under a holder that learns of it only when it renews. Without any record none acted.
    if (view === null) return newest === 0 || clock.monotonic() - seen.at >= timing.life;
    if (view.holder === '' || view.holder === holder) return true;
    if (told !== view.holder) onOther(view.holder);
    told = view.holder;
    return clock.monotonic() - seen.at >= timing.life;
  }

  async function attempt(): Promise<Won | null> {
    const view = await lease.read(timing.call);
    // Every record is read only when it matters.
    if (view !== null && !mayFollow(view, 0)) return null;
    const newest = await newestEpoch();
    if (view === null && !mayFollow(view, newest)) return null;
    const epoch = Math.max(view?.epoch ?? 0, newest) + 1;
    const since = clock.monotonic();
    const written = await lease.write(view, { holder, epoch }, timing.call);
    return written === null ? null : { view: written, since };
  }

  for (;;) {
    if (closed.aborted) throw new Failure('gate-stopping', 'this gate is stopping', { status: 503 });
    try {
      const won = await attempt();
      report(null);
      if (won !== null) return won;
    } catch (error) {
      report(error);
    }
    await sleep(timing.poll, undefined, { signal: closed }).catch(() => undefined);
  }
}
