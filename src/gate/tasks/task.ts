// A task as this process knows it: its record in the ledger, its events for the runner, and what it holds.

import type { Ask, Claims, Plan } from '../../policy/index.ts';
import type { Failure, Refusal, ResultEvent, TaskAnswer } from '../../protocol/index.ts';
import type { AuditEntry } from '../audit.ts';
import type { HeldCell } from '../cells/held.ts';
import { jobKeyText } from '../ledger/key.ts';
import type { Session } from '../sessions.ts';
import type { Journal } from './journal.ts';
import type { Place } from './places.ts';
import type { Relay } from './relay.ts';

/** All times are monotonic milliseconds; null: not (any more). */
export interface Task {
  /** The order's id. */
  readonly id: string;
  readonly journal: Journal;
  readonly relay: Relay;
  readonly claims: Claims;
  readonly ask: Ask;
  readonly plan: Plan;
  /** Secret, in memory only. */
  readonly droneToken: string | undefined;
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
  /** The cell has said its first word. */
  spoke: boolean;
  cancelledAt: number | null;
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
  lostSeen: boolean;
}

export function newTask(
  parts: Pick<Task, 'id' | 'journal' | 'relay' | 'claims' | 'ask' | 'plan' | 'droneToken' | 'session'>,
  now: number,
): Task {
  return {
    ...parts,
    waitingSince: null,
    turnSince: null,
    turnsMissed: 0,
    place: null,
    idle: null,
    cell: null,
    beginning: false,
    orderedAt: null,
    spoke: false,
    cancelledAt: null,
    word: null,
    why: null,
    endedAt: null,
    abandoned: false,
    heardAt: now,
    reader: null,
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

/** What is asked, for the audit log: parameters by name only. */
export function askFields({ task, params, build, target }: Ask): Partial<AuditEntry> {
  return { task, params: Object.keys(params), build, target };
}

export function taskFields(task: Task): Partial<AuditEntry> {
  const { key, policyHash } = task.journal.record();
  return {
    runner: task.session.runner.id,
    job: jobKeyText(key),
    ...jobFields(task.claims),
    ...askFields(task.ask),
    order: task.id,
    policy: policyHash,
  };
}
