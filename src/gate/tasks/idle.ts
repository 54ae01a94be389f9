// The job's cell is started at its rehearsal, so that the order finds it ready (DESIGN.md, The cell). Idle cells use
// free places only, and yield as soon as a task needs theirs. A cell takes seconds to come and to go: opening a session
// and rehearsing again and again must not take the places of others, so those that go count as well.

import type { HeldCell } from '../cells/held.ts';
import { startCell } from '../cells/held.ts';
import type { Context } from '../context.ts';
import { parseJobKey } from '../ledger/key.ts';
import type { Session } from '../sessions.ts';
import type { Place, Places } from './places.ts';

interface Idle {
  readonly place: Place;
  readonly cell: Promise<HeldCell | null>;
  readonly since: number;
}

export interface IdleCells {
  /**
   * Starts one for the session if a place is free, its runner has none, and its repository fewer than it may have tasks
   * at once. Does not wait.
   */
  start(session: Session): void;
  /** The session's idle cell with its place, which are the caller's now. */
  take(session: Session): Pick<Idle, 'place' | 'cell'> | null;
  /** Removes the session's idle cell and gives its place back. */
  drop(session: Session): Promise<void>;
  /** Replaces what has been idle too long. */
  renew(isOpen: (session: Session) => boolean): void;
  dropAll(): Promise<void>;
}

const repositoryOf = ({ job }: Session): string | undefined => parseJobKey(job ?? '')?.repositoryId;

export function createIdleCells<T>(
  { cells, policy, timing, log, clock }: Pick<Context, 'cells' | 'policy' | 'timing' | 'log' | 'clock'>,
  places: Places<T>,
): IdleCells {
  const bySession = new Map<Session, Idle>();
  /** Whose cell is idle or is being removed. */
  const holding = new Set<Session>();

  async function come(session: Session): Promise<HeldCell | null> {
    try {
      return await startCell(cells, timing, log);
    } catch (err) {
      log.warn({ err, session: session.id }, 'an idle cell could not be started');
      return null;
    }
  }

  async function remove(session: Session, { cell }: Idle): Promise<void> {
    await (await cell)?.discard();
    holding.delete(session);
  }

  function mayHave(session: Session): boolean {
    const others = [...holding];
    if (others.some(({ runner }) => runner.id === session.runner.id)) return false;
    const ofRepository = others.filter((other) => repositoryOf(other) === repositoryOf(session));
    return ofRepository.length < policy.limits.perRepository.atOnce;
  }

  function start(session: Session): void {
    if (!mayHave(session) || cells.ready() !== null) return;
    const place = places.askIdle(async () => {
      const idle = bySession.get(session);
      bySession.delete(session);
      if (idle !== undefined) await remove(session, idle);
    });
    if (place === null) return;
    // The cell that yielded the place before must be gone first.
    const cell = place.free.then(() => come(session));
    const idle = { place, cell, since: clock.monotonic() };
    bySession.set(session, idle);
    holding.add(session);
    void cell.then((held) => {
      if (held === null && bySession.get(session) === idle) void drop(session);
    });
  }

  async function drop(session: Session): Promise<void> {
    const idle = bySession.get(session);
    if (idle === undefined) return;
    bySession.delete(session);
    // From here on nobody can make it yield; it holds its place until the cell is gone.
    if (!places.useIdle(idle.place)) return;
    await remove(session, idle);
    places.release(idle.place);
  }

  return {
    start,
    take(session) {
      const idle = bySession.get(session);
      if (idle === undefined || !places.useIdle(idle.place)) return null;
      bySession.delete(session);
      holding.delete(session);
      return idle;
    },
    drop,
    renew(isOpen) {
      for (const [session, { since }] of bySession) {
        if (clock.monotonic() - since <= timing.idleCell) continue;
        void drop(session).then(() => {
          if (isOpen(session)) start(session);
        });
      }
    },
    async dropAll() {
      await Promise.all([...bySession.keys()].map((session) => drop(session)));
    },
  };
}
