// A record of the ledger as a task of this process: what a gate that was started anew knows of it. The job's claims and a
// token from the workflow were in the older gate's memory only; what the runner has seen, only the runner knows.

import type { Ask, Plan } from '../../policy/index.ts';
import type { TaskName } from '../../protocol/index.ts';
import type { Context } from '../context.ts';
import type { RunnerIdentity } from '../identity/runner.ts';
import { jobKeyText } from '../ledger/key.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import type { Session, Sessions } from '../sessions.ts';
import { createJournal } from './journal.ts';
import { createRelay } from './relay.ts';
import { gateResult } from './results.ts';
import { type Task, newTask } from './task.ts';
import { watchCell } from './watch.ts';

const taskOf: Readonly<Record<Plan['kind'], TaskName>> = {
  build: 'drone build',
  promote: 'drone promote',
  rollback: 'drone rollback',
};

/** What the step asked for, as far as the plan tells: a promotion's build may be one that the policy chose. */
function askOf({ kind, params, build, target }: Plan): Ask {
  const own = Object.entries(params).filter(([name]) => !name.startsWith('AIRLOCK_'));
  return { task: taskOf[kind], params: Object.fromEntries(own), build, target };
}

/** A session that nobody can call: the job's own is closed, or its record is gone. */
function closedSession(record: LedgerRecord): Session {
  const runner: RunnerIdentity = { id: record.runner, ephemeral: true };
  return { id: '', runner, job: jobKeyText(record.key), usedAt: 0, rev: 0, opened: 0 };
}

/** @param sessions those that are open, restored before */
export function inherited(record: LedgerRecord, context: Context, sessions: Sessions): Task {
  const { ledger, clock, bounds } = context;
  const ordered = record.cell !== null || record.recoveries > 0;
  const task = newTask(
    {
      id: record.order,
      journal: createJournal(record, ledger, clock),
      // A cell that lives repeats everything; the last words of one that is gone go on behind what the runner has seen.
      relay: createRelay(bounds.logBytes, record.phase === 'ended' ? null : record.shift),
      claims: null,
      ask: askOf(record.plan),
      plan: record.plan,
      droneToken: undefined,
      session: sessions.ofJob(record.runner, jobKeyText(record.key)) ?? closedSession(record),
    },
    clock.monotonic(),
  );
  task.inherited = true;
  task.offered = ordered;
  task.watch = watchCell(record.number);
  const since = record.times.ordered;
  if (ordered && since !== undefined) task.orderedAt = clock.monotonic() - Math.max(0, clock.now() - since);
  return task;
}

/** The end of a task, for a runner that has not read it. */
export function inheritedEnd(record: LedgerRecord, context: Context, sessions: Sessions): Task {
  const task = inherited(record, context, sessions);
  const { told, verdict, code, number } = record;
  if (told?.state !== undefined) task.relay.state(told.state);
  task.word = told?.result ?? null;
  const known = verdict === 'success' || verdict === null ? 'unknown' : verdict;
  const why = 'the task ended before the gate was started anew';
  task.relay.result(
    task.word ?? gateResult(known, code === 'ok' || code === null ? 'no-result' : code, why, null, number),
  );
  task.endedAt = context.clock.monotonic();
  return task;
}
