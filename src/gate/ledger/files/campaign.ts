// A standby's wait for its turn. When a holder was last seen is measured with this process's own clock: two machines'
// clocks, or one that is stepped, decide nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../protocol/index.ts';
import { ledgerFailure } from './failure.ts';
import { type HolderRecord, type Newest, newestHolder } from './holder.ts';
import { type Taken, takeOver } from './take-over.ts';
import type { TurnContext } from './turn.ts';

export interface Won {
  readonly taken: Taken;
  /** Monotonic milliseconds, from before the take-over began. */
  readonly since: number;
}

export interface Candidate extends TurnContext {
  readonly by: Pick<HolderRecord, 'holder' | 'instance'>;
  /** Told once for each other holder. */
  readonly onOther: (holder: string) => void;
}

/** @throws {Failure} `gate-stopping` once `closed` is aborted; every other trouble is reported and tried again */
export async function campaign(candidate: Candidate, closed: AbortSignal): Promise<Won> {
  const { disk, folder, clock, timing, report, by, onOther } = candidate;
  let seen = { rev: -1, at: 0 };
  let told: number | null = null;

  function mayFollow({ rev, record }: Newest): boolean {
    if (rev !== seen.rev) seen = { rev, at: clock.monotonic() };
    if (rev === 0 || record?.released === true || record?.instance === by.instance) return true;
    if (record !== null && told !== record.epoch) onOther(record.holder);
    told = record?.epoch ?? told;
    return clock.monotonic() - seen.at >= timing.life;
  }

  async function attempt(): Promise<Won | null> {
    const newest = await newestHolder(disk, folder);
    const since = clock.monotonic();
    const taken = mayFollow(newest) ? await takeOver(disk, folder, newest.rev, by) : null;
    return taken === null ? null : { taken, since };
  }

  for (;;) {
    if (closed.aborted) throw new Failure('gate-stopping', 'this gate is stopping', { status: 503 });
    try {
      const won = await attempt();
      report(null);
      if (won !== null) return won;
    } catch (error) {
      report(ledgerFailure(folder.path, error));
    }
    await sleep(timing.poll, undefined, { signal: closed }).catch(() => undefined);
  }
}
