// The first thing that a new holder does, before it takes any call: every task that the ledger calls open gets its cell
// back, or its place in the waiting list, or its end (PROTOCOL.md, Ledger).

import type { Context } from '../context.ts';
import { adoption } from '../ledger/adoption.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { written } from '../ledger/use.ts';
import type { Sessions } from '../sessions.ts';
import { inherited, inheritedEnd } from './inherit.ts';
import type { Life } from './life.ts';
import { meansFor } from './order-of.ts';
import type { Places } from './places.ts';
import { goneBefore } from './rescue.ts';
import { listFull } from './slot.ts';
import type { Task } from './task.ts';
import type { Turns } from './turns.ts';

export interface TakeOverParts {
  readonly sessions: Sessions;
  readonly places: Places<Task>;
  readonly life: Life;
  readonly turns: Turns;
  readonly add: (task: Task) => void;
}

/** Its first proof is as good as gone with the gate that saw it, so it waits, and proves itself anew at its turn. */
async function requeue(task: Task, { life, turns }: TakeOverParts): Promise<void> {
  await life.see(task, { seen: 'requeue' });
  const { place } = task;
  const seat = place === null ? turns.ask(task) : 'placed';
  if (seat === 'full') throw listFull();
  if (seat === 'placed' && task.place !== null) turns.come(task, task.place);
  task.notices.push('the gate was started anew; the task waits for its turn again');
  task.inherited = false;
}

async function inherit(record: LedgerRecord, context: Context, parts: TakeOverParts): Promise<void> {
  const { clock, log } = context;
  const { life, places, sessions, add } = parts;
  const task = inherited(record, context, sessions);
  add(task);
  // Whether its cell runs is asked later, as often as it takes; all else is settled here.
  const next = adoption({ stored: { record }, cell: 'running', tokenAtHand: true }).do;
  log.info({ task: task.id, phase: record.phase, next }, 'a task of the gate before goes on');
  if (next !== 'requeue') {
    task.place = places.hold();
    return life.lost(task, goneBefore());
  }
  if (meansFor(task, context) === 'token missing') task.tokenSince = clock.monotonic();
  try {
    await requeue(task, parts);
  } catch (error) {
    await life.fail(task, error);
  }
}

/** @throws {Failure} `ledger-failed`: it cannot be read, so nothing may be served */
export async function takeOver(context: Context, parts: TakeOverParts): Promise<void> {
  const { clock, ledger, log, timing } = context;
  for (const record of await written(ledger.sessions())) parts.sessions.restore(record);
  const open: LedgerRecord[] = [];
  for (const one of await written(ledger.list({}))) {
    if (!('record' in one)) {
      log.error(
        { job: one.job, slot: one.slot, reason: one.unreadable },
        'a task is unknown: its record is unreadable',
      );
      continue;
    }
    const { record } = one;
    if (record.phase !== 'ended') open.push(record);
    else if (clock.now() - (record.times.ended ?? 0) < timing.keepEnded)
      parts.add(inheritedEnd(record, context, parts.sessions));
  }
  // Who waited longest comes first again.
  open.sort((a, b) => a.decided - b.decided);
  for (const record of open) await inherit(record, context, parts);
}
