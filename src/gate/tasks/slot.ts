// A job's next slot in the ledger: the limits are counted and the record is created as one step, so that of a thousand
// requests at once exactly as many get a task as the limits allow.

import { randomBytes } from 'node:crypto';
import type { Claims, Plan } from '../../policy/index.ts';
import { Failure, Refusal, type TaskRequest } from '../../protocol/index.ts';
import type { Context } from '../context.ts';
import { type JobKey, jobKeyText } from '../ledger/key.ts';
import type { Stored } from '../ledger/ledger.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { heldEpoch, written } from '../ledger/use.ts';
import type { Session } from '../sessions.ts';
import { createJournal } from './journal.ts';
import { jobOf, limitReached, slotOf } from './limits.ts';
import { bodyHash, checkSameBody } from './reattach.ts';
import { createRelay } from './relay.ts';
import { type Task, newTask } from './task.ts';

export interface Grant {
  readonly session: Session;
  readonly key: JobKey;
  readonly claims: Claims;
  readonly request: TaskRequest;
  readonly plan: Plan;
  /** Of the policy that granted the plan. */
  readonly policyHash: string;
}

const id = (): string => randomBytes(16).toString('hex');

export const listFull = (): Refusal =>
  new Refusal({
    code: 'waiting-list-full',
    rule: 'limits.tasksAtOnce',
    message: 'every place is taken and the waiting list is full',
    fix: 're-run the job later',
  });

/** The hook process that asks was here before, but what it asked for is not in this process's memory any more. */
function refuseForgotten(stored: readonly Stored[], job: string, request: TaskRequest): void {
  for (const one of stored) {
    if (!('record' in one) || one.record.request !== request.request || jobKeyText(one.record.key) !== job) continue;
    checkSameBody(one.record, bodyHash(request));
    const verdict = one.record.verdict ?? 'unknown';
    throw new Failure(
      'no-result',
      `this request's task (${verdict}) is in the ledger, but its events are not kept any more`,
    );
  }
}

function firstRecord(grant: Grant, slot: number, { policy, clock, ledger }: Context): LedgerRecord {
  const { session, key, request, plan, policyHash } = grant;
  const drone = policy.drones.get(plan.drone);
  if (drone === undefined) throw new Failure('gate-failed', 'the policy names a Drone that it does not describe');
  const now = clock.now();
  return {
    v: 1,
    key,
    slot,
    rev: 1,
    epoch: heldEpoch(ledger),
    request: request.request,
    body: bodyHash(request),
    runner: session.runner.id,
    order: id(),
    nonce: id(),
    cell: null,
    drone: drone.server,
    plan,
    number: null,
    phase: 'waiting',
    verdict: null,
    code: null,
    recoveries: 0,
    policyHash,
    decided: now,
    times: { waiting: now },
  };
}

/**
 * Callers come one after the other.
 * @throws {Refusal} the limits' codes, `request-changed` @throws {Failure} `ledger-failed`, `gate-standby`, `no-result`
 */
export async function takeSlot(grant: Grant, context: Context): Promise<Task> {
  const { ledger, policy, clock, bounds } = context;
  const { session, key, claims, request, plan } = grant;
  const job = jobKeyText(key);
  const stored = await written(ledger.list({ repositoryId: key.repositoryId }));
  refuseForgotten(stored, job, request);
  const reached = limitReached(key, stored, policy.limits, clock.now());
  if (reached !== null) throw reached;
  const slot = 1 + Math.max(0, ...stored.filter((one) => jobOf(one) === job).map(slotOf));
  const record = firstRecord(grant, slot, context);
  if (!(await written(ledger.create(record))))
    throw new Failure('ledger-failed', "another gate has taken this job's slot", { status: 503 });
  const { task, params, build, target, droneToken } = request;
  return newTask(
    {
      id: record.order,
      journal: createJournal(record, ledger, clock),
      relay: createRelay(bounds.logBytes),
      claims,
      ask: { task, params, build, target },
      plan,
      droneToken,
      session,
    },
    clock.monotonic(),
  );
}
