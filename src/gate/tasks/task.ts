// A task as this process knows it: its record in the ledger, its events for the runner, and what it holds.

import type { Ask, Claims, Plan } from '../../policy/index.ts';
import {
  type CancelReason,
  type Failure,
  type Refusal,
  type ResultEvent,
  type TaskAnswer,
  paramName,
} from '../../protocol/index.ts';
import type { AuditEntry } from '../audit.ts';
import type { CellReader, HeldCell } from '../cells/held.ts';
import { jobKeyText } from '../ledger/key.ts';
import type { Session } from '../sessions.ts';
import type { Journal } from './journal.ts';
import type { Place } from './places.ts';
import type { Relay } from './relay.ts';
import { type Watch, watchCell } from './watch.ts';

/** All times are monotonic milliseconds; null: not (any more). */
export interface Task {
  /** The order's id. */
  readonly id: string;
  readonly journal: Journal;
  readonly relay: Relay;
  /** Of the job's last proof; null: the gate was started anew since. */
  claims: Claims | null;
  readonly ask: Ask;
  readonly plan: Plan;
  /** Secret, in memory only. */
  droneToken: string | undefined;
  /** It can go on only with the token from the workflow, which the job has to bring again. */
  tokenSince: number | null;
  /** The session whose calls may touch the task; a re-attaching job brings its newer one. */
  session: Session;
  waitingSince: number | null;
  /** Its turn has come: it holds a place and must prove again. */
  turnSince: number | null;
  turnsMissed: number;
  place: Place | null;
  /** The job's idle cell, taken over with its place; resolves to null when it did not come up. */
  idle: Promise<HeldCell | null> | null;
  cell: HeldCell | null;
  /** A cell is being started for it: whoever does that gives cell and place back. */
  beginning: boolean;
  orderedAt: number | null;
  /** The ledger was given the id of its cell: whether it stands there, only who holds the ledger can say. */
  offered: boolean;
  /** The present cell was given the order, or was asked to go on. */
  attachedAt: number | null;
  /** It has said its first word since. */
  spoke: boolean;
  /** What it says is checked by this and taken from this reader only. */
  watch: Watch;
  voice: CellReader | null;
  /** Times in a row that it was attached to again without a word from it. */
  attempts: number;
  /** The present cell is lost; why. */
  lost: Failure | null;
  cancelledAt: number | null;
  cancelReason: CancelReason;
  /** The cell's own result. */
  word: ResultEvent | null;
  /** Why there is none. */
  why: Refusal | Failure | null;
  endedAt: number | null;
  /** It ended for this gate only: another one has it. */
  abandoned: boolean;
  /** Last sign of the runner; `reader`: it is reading events just now. */
  heardAt: number;
  reader: AbortController | null;
  /** It was another gate's, and the author was not told yet what that means. */
  inherited: boolean;
  /** What the author is told about the gate and its cells, beside the events. */
  readonly notices: string[];
  lostSeen: boolean;
}

export function newTask(
  parts: Pick<Task, 'id' | 'journal' | 'relay' | 'claims' | 'ask' | 'plan' | 'droneToken' | 'session'>,
  now: number,
): Task {
  return {
    ...parts,
    tokenSince: null,
    waitingSince: null,
    turnSince: null,
    turnsMissed: 0,
    place: null,
    idle: null,
    cell: null,
    beginning: false,
    orderedAt: null,
    offered: false,
    attachedAt: null,
    spoke: false,
    watch: watchCell(),
    voice: null,
    attempts: 0,
    lost: null,
    cancelledAt: null,
    cancelReason: 'author',
    word: null,
    why: null,
    endedAt: null,
    abandoned: false,
    heardAt: now,
    reader: null,
    inherited: false,
    notices: [],
    lostSeen: false,
  };
}

export function answerOf({ id, journal }: Task): TaskAnswer {
  const { slot, phase } = journal.record();
  return { task: id, slot, phase };
}

/** Who asks, for the audit log. */
export function jobFields(claims: Claims): Partial<AuditEntry> {
  const { repository, repositoryId, ref, sha, eventName, actor } = claims;
  return { repository, repositoryId, ref, sha, eventName, actor };
}

/** Names of parameters in one audit line. */
const maxNames = 16;

/**
 * What is asked, for the audit log: parameters by name only, and only what has the form of a name: the rest is whatever
 * a caller likes, also one that the policy refuses. No target: one that is not granted may be somebody's secret too.
 */
export function askFields({ task, params, build }: Ask): Partial<AuditEntry> {
  const all = Object.keys(params);
  const names = all.filter((name) => paramName.test(name)).slice(0, maxNames);
  return {
    task,
    params: names,
    paramCount: names.length === all.length ? undefined : all.length,
    build,
  };
}

/** The same before anybody has proved anything: nothing that a caller can choose freely. */
export const unprovedFields = ({ task, params }: Ask): Partial<AuditEntry> => ({
  task,
  paramCount: Object.keys(params).length,
});

export function taskFields(task: Task): Partial<AuditEntry> {
  const { key, policyHash, runner } = task.journal.record();
  return {
    runner,
    job: jobKeyText(key),
    ...(task.claims === null ? { repositoryId: key.repositoryId } : jobFields(task.claims)),
    ...askFields(task.ask),
    target: task.plan.target,
    order: task.id,
    policy: policyHash,
  };
}
