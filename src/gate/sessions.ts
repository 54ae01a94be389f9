// A session is one job of one runner at the gate. Its id is no secret: every call is checked against the runner identity
// that opened it. A runner has one open session; an ephemeral one belongs to the first job that it proves, for ever,
// which the ledger remembers (DESIGN.md, Identity).

import { randomBytes } from 'node:crypto';
import type { Claims } from '../policy/index.ts';
import { Failure, Refusal } from '../protocol/index.ts';
import type { Context } from './context.ts';
import type { RunnerIdentity } from './identity/runner.ts';
import { type JobKey, jobKeyOf, jobKeyText } from './ledger/key.ts';
import type { SessionRecord } from './ledger/session-record.ts';
import { heldEpoch, takenOver, written } from './ledger/use.ts';

export interface Session {
  readonly id: string;
  readonly runner: RunnerIdentity;
  /** The job that it proved, as text; null: none yet. */
  job: string | null;
  /** Monotonic milliseconds. */
  usedAt: number;
  /** Revision in the ledger, and when it was opened, milliseconds since the epoch. */
  rev: number;
  readonly opened: number;
}

export interface Sessions {
  /**
   * Closes the runner's older session; when there are too many, also the one that has waited longest for its proof.
   * @throws {Failure} `gate-failed`: too many, and each has proved its job; `ledger-failed`, `gate-standby`
   */
  open(runner: RunnerIdentity): Promise<Session>;
  /** A session of the gate before, unless the runner has a newer one. */
  restore(record: SessionRecord): void;
  /** The runner's open session, if it is this job's. */
  ofJob(runner: string, job: string): Session | null;
  /** @throws {Refusal} `session-unknown` (404), also for another runner's session */
  of(runner: RunnerIdentity, id: string): Session;
  isOpen(session: Session): boolean;
  close(session: Session): void;
  /** The runner is gone for good: so is its session. */
  leave(runner: RunnerIdentity): void;
  /** Binds session and ephemeral runner to the job. @throws {Refusal} `runner-bound` @throws {Failure} `ledger-failed` */
  bind(session: Session, claims: Claims): Promise<JobKey>;
  /** Closes what nobody has used for `timing.session`, or for `timing.unproved` without a proof. */
  expire(): void;
  closeAll(): void;
}

function bound(message: string): Refusal {
  const fix = 'run each job on a runner of its own; an ephemeral runner serves one job only';
  return new Refusal({ code: 'runner-bound', rule: 'runner identity', message, fix });
}

function unknownSession(): Refusal {
  return new Refusal({
    code: 'session-unknown',
    rule: 'sessions',
    message: 'this runner has no such session',
    fix: 'open a session first; a newer session of the same runner closes the older one',
    status: 404,
  });
}

export function createSessions(
  {
    ledger,
    clock,
    timing,
    bounds,
    log,
    runnerSeen,
  }: Pick<Context, 'ledger' | 'clock' | 'timing' | 'bounds' | 'log' | 'runnerSeen'>,
  onClose: (session: Session) => void,
): Sessions {
  const byId = new Map<string, Session>();
  const byRunner = new Map<string, Session>();

  function close(session: Session): void {
    if (!byId.delete(session.id)) return;
    byRunner.delete(session.runner.id);
    ledger.closeSession(session.id).catch((err: unknown) => {
      log.warn({ err, session: session.id }, 'a closed session is still in the ledger');
    });
    runnerSeen(session.runner, 'done');
    onClose(session);
  }

  function add(session: Session): void {
    byId.set(session.id, session);
    byRunner.set(session.runner.id, session);
    runnerSeen(session.runner, 'busy');
  }

  /** @throws {Refusal} `session-unknown`: it was closed meanwhile @throws {Failure} `ledger-failed`, `gate-standby` */
  async function put(session: Session): Promise<void> {
    const { id, runner, job, opened } = session;
    const { id: name, ephemeral } = runner;
    const rev = ++session.rev;
    const record = { v: 1, session: id, rev, epoch: heldEpoch(ledger), runner: name, ephemeral, job, opened } as const;
    if (await written(ledger.putSession(record))) return;
    throw byId.get(id) === session ? takenOver() : unknownSession();
  }

  function leave(runner: RunnerIdentity): void {
    const session = byRunner.get(runner.id);
    if (session !== undefined) close(session);
  }

  /** Sessions cost nothing to open, so one that has proved nothing keeps no other job out. */
  function makeRoom(): void {
    const unproved = [...byId.values()].filter(({ job }) => job === null);
    const [first, ...others] = byId.size < bounds.sessions ? [] : unproved;
    if (first !== undefined) close(others.reduce((a, b) => (b.usedAt < a.usedAt ? b : a), first));
  }

  return {
    async open(runner) {
      leave(runner);
      makeRoom();
      if (byId.size >= bounds.sessions)
        throw new Failure('gate-failed', `this gate has ${bounds.sessions} open sessions and takes no more`, {
          status: 503,
        });
      const id = randomBytes(16).toString('hex');
      const session: Session = { id, runner, job: null, usedAt: clock.monotonic(), rev: 0, opened: clock.now() };
      add(session);
      try {
        await put(session);
      } catch (error) {
        close(session);
        throw error;
      }
      return session;
    },
    restore({ session: id, runner, ephemeral, job, rev, opened }) {
      const older = byRunner.get(runner);
      if (older !== undefined && older.opened > opened) return;
      if (older !== undefined) close(older);
      add({ id, runner: { id: runner, ephemeral }, job, usedAt: clock.monotonic(), rev, opened });
    },
    ofJob(runner, job) {
      const session = byRunner.get(runner);
      return session?.job === job ? session : null;
    },
    of(runner, id) {
      const session = byId.get(id);
      if (session === undefined || session.runner.id !== runner.id) throw unknownSession();
      session.usedAt = clock.monotonic();
      return session;
    },
    isOpen: (session) => byId.get(session.id) === session,
    close,
    leave,
    async bind(session, claims) {
      const key = jobKeyOf(claims, session.runner);
      const job = jobKeyText(key);
      if (session.job !== null && session.job !== job) throw bound('this session belongs to another job');
      const first = session.runner.ephemeral ? await written(ledger.bind(session.runner.id, job)) : job;
      if (first !== job) throw bound('this runner belongs to another job, for ever');
      if (session.job === null) {
        session.job = job;
        await put(session);
      }
      return key;
    },
    expire() {
      for (const session of byId.values()) {
        const longest = session.job === null ? timing.unproved : timing.session;
        if (clock.monotonic() - session.usedAt > longest) close(session);
      }
    },
    closeAll() {
      for (const session of byId.values()) close(session);
    },
  };
}
