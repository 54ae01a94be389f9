// The gate's inside, apart from any transport: who asks (identity), what the policy says, what was started (ledger), and
// the only way to a cell (DESIGN.md, The gate).

import type { Policy } from '../policy/index.ts';
import { Failure, Refusal } from '../protocol/index.ts';
import { type Audit, limitedAudit } from './audit.ts';
import { createCalls } from './calls.ts';
import type { CellEngine } from './cells/engine.ts';
import { trackCells } from './cells/orphans.ts';
import type { Context, RunnerSeen } from './context.ts';
import { type JobBinder, createBind } from './identity/bind.ts';
import { createProver } from './identity/prover.ts';
import type { RunnerIdentity } from './identity/runner.ts';
import type { Ledger } from './ledger/ledger.ts';
import { heldEpoch, isTakenOver } from './ledger/use.ts';
import { within } from './limit.ts';
import type { Logger } from './log.ts';
import { createPace } from './pace.ts';
import { type Call, type Reply, jsonError, jsonReply } from './reply.ts';
import { findCall } from './routes.ts';
import { type SelfTestOptions, createSelfTest } from './self-test/self-test.ts';
import { createSessions } from './sessions.ts';
import { createTasks } from './tasks/tasks.ts';
import { type Bounds, type Clock, type Timing, defaultBounds, defaultTiming, systemClock } from './timing.ts';

export interface GateOptions {
  readonly policy: Policy;
  readonly ledger: Ledger;
  readonly audit: Audit;
  readonly cells: CellEngine;
  readonly log: Logger;
  /** Whom to ask on which runner a job runs, for a policy that says so by `identity.bind`. */
  readonly binder?: JobBinder | undefined;
  /** Told when a job begins and ends on a runner. */
  readonly runnerSeen?: RunnerSeen | undefined;
  /** How the cells' network is tested; absent: it is not. */
  readonly selfTest?: SelfTestOptions | undefined;
  readonly clock?: Clock | undefined;
  /** What is left out keeps its default (`defaultTiming`, `defaultBounds`). */
  readonly timing?: Partial<Timing> | undefined;
  readonly bounds?: Partial<Bounds> | undefined;
}

export interface Gate {
  readonly log: Logger;
  /** Answers one call of one runner. Never throws and never rejects: what goes wrong is an answer. */
  handle(runner: RunnerIdentity, call: Call): Promise<Reply>;
  /** The runner is gone for good, and its session with it. A task that has its order goes on. */
  gone(runner: RunnerIdentity): void;
  /** Empty: calls are taken and cells can be started; else one sentence for each reason why not. */
  notReady(): readonly string[];
  /** What should work and does not, although calls are taken. */
  warnings(): readonly string[];
  /**
   * Goes on with the tasks of the gate before; for a ledger that outlives its gates, before the first call of each turn.
   * @throws {Failure} `ledger-failed`
   */
  takeOver(): Promise<void>;
  /** Another gate is active: this one ends without a word, and touches no cell that has its order. Never rejects. */
  abandon(): Promise<void>;
  /**
   * "This node goes": takes no more calls, ends event streams, leaves cells that can outlive the gate, closes the audit
   * log. Bounded; idempotent.
   */
  stop(): Promise<void>;
}

function contextOf(options: GateOptions): Context {
  const { policy, ledger, log, binder, runnerSeen = () => undefined, clock = systemClock } = options;
  const cells = trackCells(options.cells);
  const timing = { ...defaultTiming, ...options.timing };
  const bounds = { ...defaultBounds, ...options.bounds };
  const audit = limitedAudit(options.audit, timing.disk);
  const bind = policy.identity.bind === 'none' || binder === undefined ? null : createBind(binder, timing.bind);
  const prover = createProver(policy.identity, timing, clock, bind);
  const selfTest = createSelfTest({ policy, ledger, cells, log, clock, timing }, options.selfTest);
  return { policy, ledger, audit, cells, log, clock, timing, bounds, prover, selfTest, runnerSeen };
}

/** @throws {Failure} `gate-failed`: the policy asks for something that this gate cannot do */
export function checkAvailable({ policy, binder }: Pick<GateOptions, 'policy' | 'binder'>): void {
  const { bind } = policy.identity;
  if (bind === 'none' || binder?.kind === bind) return;
  const how =
    bind === 'github' ? "needs the section github: of the gate's configuration" : 'is not available in this version';
  throw new Failure('gate-failed', `identity.bind: ${bind} ${how}`);
}

/** @throws {Failure} `gate-failed`: the policy asks for something that this gate cannot do */
export function createGate(options: GateOptions): Gate {
  checkAvailable(options);
  const context = contextOf(options);
  const { audit, cells, ledger, log, policy, selfTest, timing } = context;

  const sessions = createSessions(context, (session) => tasks.left(session));
  const tasks = createTasks(context, sessions);
  const calls = createCalls(context, sessions, tasks);
  const pace = createPace(context.bounds, context.clock);
  let stopping: Promise<void> | null = null;
  const sweep = setInterval(() => {
    sessions.expire();
    tasks.sweep();
    pace.forget();
    selfTest.sweep();
  }, timing.sweep);

  function answerTo(error: unknown, runner: RunnerIdentity): Reply {
    if (error instanceof Refusal) {
      // The audit log has what matters of it; here it would be a way to fill a disk.
      log.debug({ runner: runner.id, code: error.code, reason: error.message }, 'refused');
      return jsonError(error);
    }
    // Hooks ask a standby twenty times a second until they reach the active gate.
    const passing = error instanceof Failure && (isTakenOver(error) || error.code === 'gate-stopping');
    log[passing ? 'debug' : 'error']({ runner: runner.id, err: error }, 'a call failed');
    if (error instanceof Failure) return jsonError(error);
    return jsonError(new Failure('gate-failed', 'something broke in the gate; its log says what'));
  }

  /** @throws {Failure} `gate-stopping`, `gate-standby` */
  function checkActive(): void {
    if (stopping !== null) throw new Failure('gate-stopping', 'this gate is stopping', { status: 503 });
    heldEpoch(ledger);
  }

  async function leave(): Promise<void> {
    await Promise.all([tasks.abandon(), selfTest.stop()]);
  }

  async function stop(): Promise<void> {
    clearInterval(sweep);
    await Promise.all([tasks.stop(), selfTest.stop()]);
    try {
      await audit.write({ event: 'stop', policy: policy.hash });
    } finally {
      await audit.close();
    }
  }

  return {
    log,
    async handle(runner, call) {
      try {
        checkActive();
        const { name, id } = findCall(call);
        if (name !== 'events') await pace.wait(runner.id, call.gone);
        // Nobody is left to be answered.
        if (call.gone?.aborted === true) return jsonReply({});
        checkActive();
        return await calls[name](runner, id, call);
      } catch (error) {
        return answerTo(error, runner);
      }
    },
    gone(runner) {
      // A gate that stops, or another one that is active, leaves the session to the next call of the job.
      if (stopping === null && ledger.epoch() !== null) sessions.leave(runner);
    },
    notReady() {
      const stops = stopping === null ? null : 'the gate is stopping';
      return [stops, cells.ready(), selfTest.problem(), audit.broken()].filter((reason) => reason !== null);
    },
    warnings: () => selfTest.warnings(),
    takeOver: () => tasks.takeOver(),
    abandon() {
      clearInterval(sweep);
      stopping ??= within(leave(), timing.stop, () => undefined).catch((err: unknown) =>
        log.error({ err }, 'the gate did not stop cleanly'),
      );
      return stopping;
    },
    stop() {
      stopping ??= within(stop(), timing.stop, () => {
        log.error('the gate did not stop in time');
      }).catch((err: unknown) => log.error({ err }, 'the gate did not stop cleanly'));
      return stopping;
    },
  };
}
