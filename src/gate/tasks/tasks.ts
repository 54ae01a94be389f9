// All tasks of this process: found by their runner only, read as events, cancelled, looked after, and let go.

import { Failure, type ProofRequest, Refusal, type TaskAnswer, type TaskRequest } from '../../protocol/index.ts';
import type { Context } from '../context.ts';
import type { RunnerIdentity } from '../identity/runner.ts';
import { jobKeyText } from '../ledger/key.ts';
import type { Session, Sessions } from '../sessions.ts';
import { removeOrphans } from '../cells/orphans.ts';
import { createAdmission } from './admission.ts';
import { createIdleCells } from './idle.ts';
import { createEnding } from './ending.ts';
import { createLife } from './life.ts';
import { type Places, createPlaces } from './places.ts';
import type { Position } from './relay.ts';
import { streamEvents } from './stream.ts';
import { createSweep } from './sweep.ts';
import { takeOver } from './take-over.ts';
import { type Task, answerOf, taskFields } from './task.ts';
import { createTurns } from './turns.ts';

export interface Tasks {
  /** The job may have a task: its cell is started, if there is room. Does not wait. */
  rehearsed(session: Session): void;
  submit(session: Session, request: TaskRequest): Promise<TaskAnswer>;
  prove(runner: RunnerIdentity, id: string, proof: ProofRequest): Promise<void>;
  cancel(runner: RunnerIdentity, id: string): Promise<void>;
  /** A newer reader of the same task ends the older one. */
  events(runner: RunnerIdentity, id: string, from: Position): (gone: AbortSignal) => AsyncIterable<string>;
  /** The session is over: what waits for a place ends, what has its order goes on. */
  left(session: Session): void;
  sweep(): void;
  /** Goes on with what the ledger calls open. @throws {Failure} `ledger-failed` */
  takeOver(): Promise<void>;
  /** Another gate is active: forgets everything and touches no cell that has its order. */
  abandon(): Promise<void>;
  /** Ends what cannot outlive the process, then all readers. */
  stop(): Promise<void>;
}

export function createTasks(context: Context, sessions: Sessions): Tasks {
  const { audit, bounds, cells, clock, ledger, log, policy, timing } = context;
  /** In the order of their making; `ended` in the order of their end. */
  const open = new Map<string, Task>();
  const ended = new Map<string, Task>();
  const byRequest = new Map<string, Task>();
  const requestKey = (job: string, request: string): string => `${job}/${request}`;

  function forgetRequest(task: Task): void {
    const { key, request } = task.journal.record();
    byRequest.delete(requestKey(jobKeyText(key), request));
  }

  const places: Places<Task> = createPlaces(
    {
      get places() {
        return policy.limits.tasksAtOnce;
      },
      waiting: bounds.waiting,
    },
    (task, place) => turns.come(task, place),
  );
  const idle = createIdleCells(context, places);
  const ending = createEnding(context, places, (task) => {
    open.delete(task.id);
    if (task.abandoned) forgetRequest(task);
    else ended.set(task.id, task);
  });
  const life = createLife(context, ending);
  const turns = createTurns(context, places, sessions, life);
  const look = createSweep(context, life, turns);
  function add(task: Task): void {
    const { key, request } = task.journal.record();
    (task.endedAt === null ? open : ended).set(task.id, task);
    byRequest.set(requestKey(jobKeyText(key), request), task);
  }
  const known = (job: string, request: string): Task | undefined => byRequest.get(requestKey(job, request));
  const admission = createAdmission(context, { places, sessions, idle, life, turns, known, add });

  let lookedForOrphans = clock.monotonic();
  /** At first and again and again: the engine may still have been at work for a gate that is gone. */
  function dropOrphans(): void {
    lookedForOrphans = clock.monotonic();
    const needed = (id: string): boolean =>
      ledger.epoch() === null || [...open.values()].some((task) => task.journal.record().cell === id);
    const looking = removeOrphans(cells, needed, log);
    ending.track(looking.catch((err: unknown) => log.warn({ err }, 'cells that nobody needs cannot be looked for')));
  }

  function unknownTask(): Refusal {
    return new Refusal({
      code: 'task-unknown',
      rule: 'tasks',
      message: 'this runner has no such task',
      fix: 'ask for events of the task that this session was given',
      status: 404,
    });
  }

  /** @throws {Refusal} `task-unknown` (404), also for another runner's or a closed session's task */
  function find(runner: RunnerIdentity, id: string): Task {
    const task = open.get(id) ?? ended.get(id);
    if (task !== undefined && task.session.runner.id === runner.id && sessions.isOpen(task.session)) {
      task.heardAt = clock.monotonic();
      task.session.usedAt = task.heardAt;
      return task;
    }
    throw unknownTask();
  }

  async function* read(task: Task, from: Position, gone: AbortSignal): AsyncGenerator<string> {
    task.reader?.abort();
    const mine = new AbortController();
    task.reader = mine;
    const stop = (): void => mine.abort();
    gone.addEventListener('abort', stop, { once: true });
    if (gone.aborted) stop();
    try {
      const source = {
        relay: task.relay,
        ping: () =>
          task.waitingSince !== null && task.turnSince === null && task.journal.record().phase === 'waiting'
            ? ({ k: 'ping', ahead: places.ahead(task) } as const)
            : ({ k: 'ping' } as const),
        notices: () => task.notices,
        turn: () => (task.turnSince === null ? null : ({ k: 'turn' } as const)),
      };
      yield* streamEvents(source, from, timing, mine.signal);
    } finally {
      gone.removeEventListener('abort', stop);
      task.heardAt = clock.monotonic();
      if (task.reader === mine) task.reader = null;
    }
  }

  function forgetEnded(): void {
    for (const task of ended.values()) {
      const old = task.endedAt !== null && clock.monotonic() - task.endedAt > timing.keepEnded;
      if (!old && ended.size <= bounds.endedTasks) break;
      ended.delete(task.id);
      forgetRequest(task);
    }
  }

  const endedByStop = (): Failure =>
    new Failure('gate-stopping', `the gate was stopped, and cells of the kind "${cells.name}" cannot go on without it`);

  async function prepare(session: Session): Promise<void> {
    const had = await ledger.list(session.job === null ? {} : { job: session.job });
    if (had.length < policy.limits.tasksPerJob && sessions.isOpen(session)) idle.start(session);
  }

  return {
    rehearsed(session) {
      prepare(session).catch((err: unknown) => log.warn({ err }, 'an idle cell could not be started'));
    },
    submit: async (session, request) => answerOf(await admission.submit(session, request)),
    prove: (runner, id, proof) => turns.prove(find(runner, id), proof),
    async cancel(runner, id) {
      const task = find(runner, id);
      await audit.write({ event: 'cancel', ...taskFields(task) });
      await life.see(task, { seen: 'cancel', reason: 'author' });
    },
    events(runner, id, from) {
      const task = find(runner, id);
      // The job has to ask for its task again, and so brings the token that this gate lacks.
      if (task.tokenSince !== null) throw unknownTask();
      return (gone) => read(task, from, gone);
    },
    left(session) {
      void idle.drop(session);
      for (const task of open.values()) {
        if (task.session !== session || task.journal.record().phase !== 'waiting') continue;
        life.see(task, { seen: 'cancel', reason: 'author' }).catch((err: unknown) => {
          log.error({ err, task: task.id }, 'a waiting task of a closed session could not be ended');
        });
      }
    },
    sweep() {
      // A standby must not end what another gate has adopted.
      if (ledger.epoch() === null) return;
      for (const task of open.values()) void look(task);
      places.refill();
      forgetEnded();
      if (clock.monotonic() - lookedForOrphans > timing.orphans) dropOrphans();
      idle.renew((session) => sessions.isOpen(session));
    },
    async takeOver() {
      await takeOver(context, { sessions, places, life, turns, add });
      dropOrphans();
    },
    async abandon() {
      for (const task of open.values()) ending.abandon(task);
      for (const task of ended.values()) task.reader?.abort();
      await idle.dropAll();
    },
    async stop() {
      if (!cells.survives) await Promise.all([...open.values()].map((task) => life.fail(task, endedByStop())));
      if (!cells.survives) await ending.settled();
      await idle.dropAll();
      for (const task of [...open.values(), ...ended.values()]) task.reader?.abort();
    },
  };
}
