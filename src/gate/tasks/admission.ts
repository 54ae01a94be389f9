// From a request to a task: proof, decision, limits, ledger, audit, place. The order of these guards is the design; each
// stands before anything that it protects.

import { type Claims, type Plan, decide } from '../../policy/index.ts';
import { Failure, Refusal, type TaskRequest } from '../../protocol/index.ts';
import { engineReady } from '../cells/patience.ts';
import type { Context } from '../context.ts';
import { createTurnstile } from '../limit.ts';
import type { Session, Sessions } from '../sessions.ts';
import type { IdleCells } from './idle.ts';
import type { Life } from './life.ts';
import type { Places } from './places.ts';
import { bodyHash, checkSameBody } from './reattach.ts';
import { readSecrets } from './secrets.ts';
import { listFull, takeSlot } from './slot.ts';
import { goneBefore } from './rescue.ts';
import { type Task, askFields, jobFields, taskFields, unprovedFields } from './task.ts';
import type { Turns } from './turns.ts';

export interface Admission {
  /** @throws {Refusal} of every kind @throws {Failure} `no-cell-engine`, `network-open`, `gate-failed`, `ledger-failed`, `audit-failed` */
  submit(session: Session, request: TaskRequest): Promise<Task>;
}

export interface AdmissionParts {
  readonly places: Places<Task>;
  readonly sessions: Sessions;
  readonly idle: IdleCells;
  readonly life: Life;
  readonly turns: Turns;
  /** The task of this process that was made for a request. */
  readonly known: (job: string, request: string) => Task | undefined;
  readonly add: (task: Task) => void;
}

/** What the audit line of a refusal can tell; filled as the guards are passed. */
interface Passed {
  claims?: Claims;
  detail?: string;
  /** Hash of the policy that decided. */
  policy?: string;
}

interface Admitted {
  readonly task: Task;
  /** False: the request had its task already. */
  readonly fresh: boolean;
}

export function createAdmission(context: Context, parts: AdmissionParts): Admission {
  const { audit, bounds, cells, clock, policy, prover, selfTest, timing } = context;
  const { places, sessions, idle, life, turns, known, add } = parts;
  // Two requests must not share the last task that a limit allows.
  const inTurn = createTurnstile();

  function again(job: string | null, session: Session, request: TaskRequest): Task | undefined {
    const task = job === null ? undefined : known(job, request.request);
    if (task === undefined) return undefined;
    checkSameBody(task.journal.record(), bodyHash(request));
    task.session = session;
    task.heardAt = clock.monotonic();
    if (task.tokenSince !== null && request.droneToken !== undefined) {
      task.droneToken = request.droneToken;
      task.tokenSince = null;
      if (task.orderedAt !== null) life.lost(task, goneBefore());
    }
    return task;
  }

  function planFor(claims: Claims, request: TaskRequest, passed: Passed): Plan {
    const decision = decide(policy, claims, request);
    passed.policy = policy.hash;
    if (!decision.allowed) {
      passed.detail = decision.detail;
      throw decision.refusal;
    }
    passed.detail = decision.plan.entry;
    return decision.plan;
  }

  /** What would fail later anyway must not cost the job its slot. */
  async function checkMeans(plan: Plan, request: TaskRequest): Promise<void> {
    const reason = await engineReady(cells, timing.engineBack);
    if (reason !== null)
      throw new Failure('no-cell-engine', 'this gate cannot start cells now; tell its operator', {
        cause: new Error(reason),
      });
    await selfTest.admits();
    const drone = policy.drones.get(plan.drone);
    if (drone !== undefined) await readSecrets(plan, drone, request.droneToken, timing.disk);
    if (places.waiting() >= bounds.waiting) throw listFull();
  }

  /** Nothing starts before its decision is on the disk. */
  async function start(task: Task): Promise<void> {
    await audit.write({ event: 'task', decision: 'allowed', detail: task.plan.entry, ...taskFields(task) });
    if (task.endedAt !== null) return;
    // Closed while the slot or the line was written: nobody would follow the task, and nobody could cancel it.
    if (!sessions.isOpen(task.session)) return life.see(task, { seen: 'cancel', reason: 'author' });
    const own = idle.take(task.session);
    if (own === null) {
      const seat = turns.ask(task);
      if (seat === 'full') throw listFull();
      if (seat === 'waiting') return;
    } else {
      task.place = own.place;
      task.idle = own.cell;
    }
    await life.see(task, { seen: 'place' });
  }

  async function admit(session: Session, request: TaskRequest, passed: Passed): Promise<Admitted> {
    const attached = again(session.job, session, request);
    if (attached !== undefined) return { task: attached, fresh: false };
    const claims = await prover.prove(request, session.id, session.runner);
    passed.claims = claims;
    const key = await sessions.bind(session, claims);
    const plan = planFor(claims, request, passed);
    const policyHash = passed.policy ?? policy.hash;
    await checkMeans(plan, request);
    return inTurn(async () => {
      // Once more: the same request may have come twice at once.
      const twin = again(session.job, session, request);
      if (twin !== undefined) return { task: twin, fresh: false };
      // The proof took its time; a job that has left meanwhile is not given a slot.
      sessions.of(session.runner, session.id);
      const task = await takeSlot({ session, key, claims, request, plan, policyHash }, context);
      add(task);
      return { task, fresh: true };
    });
  }

  async function auditRefusal(
    session: Session,
    request: TaskRequest,
    { claims, detail, policy: decidedBy = policy.hash }: Passed,
    no: Refusal,
  ): Promise<void> {
    await audit.write({
      event: claims === undefined ? 'proof' : 'task',
      decision: 'refused',
      code: no.code,
      message: no.message,
      detail,
      runner: session.runner.id,
      job: session.job ?? undefined,
      ...(claims === undefined ? unprovedFields(request) : { ...jobFields(claims), ...askFields(request) }),
      policy: decidedBy,
    });
  }

  return {
    async submit(session, request) {
      const passed: Passed = {};
      let admitted: Admitted;
      try {
        admitted = await admit(session, request, passed);
      } catch (error) {
        if (error instanceof Refusal) await auditRefusal(session, request, passed, error);
        throw error;
      }
      const { task, fresh } = admitted;
      if (!fresh) return task;
      try {
        await start(task);
      } catch (error) {
        await life.fail(task, error);
        throw error;
      }
      return task;
    },
  };
}
