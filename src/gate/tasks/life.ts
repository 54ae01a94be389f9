// A task from its place to its end: the ledger is changed first, then what it says is done (ledger/machine.ts decides
// what that is). Whatever breaks ends the task with what is known, and never green.

import { startCellSoon } from '../cells/patience.ts';
import { Failure, Refusal } from '../../protocol/index.ts';
import type { Context } from '../context.ts';
import type { Action, Seen } from '../ledger/machine.ts';
import { isTakenOver } from '../ledger/use.ts';
import type { Ending } from './ending.ts';
import { readerOf } from './follow.ts';
import { orderOf } from './order-of.ts';
import { createRescue } from './rescue.ts';
import { type Task, taskFields } from './task.ts';

export interface Life {
  /** Writes what was seen and does what follows. @throws {Failure} `ledger-failed`, `gate-standby`: nothing was done */
  readonly see: (task: Task, seen: Seen) => Promise<void>;
  /** Ends the task because of an error. Never rejects. */
  readonly fail: (task: Task, error: unknown) => Promise<void>;
  /** The task's cell is gone, or out of sight: it is looked for, or replaced, or the task ends. Does not wait. */
  readonly lost: (task: Task, why: Failure) => void;
}

function known(error: unknown): Refusal | Failure {
  if (error instanceof Refusal || error instanceof Failure) return error;
  return new Failure('gate-failed', 'something broke in the gate; its log says what', { cause: error });
}

export function createLife(context: Context, ending: Ending): Life {
  const { audit, cells, clock, ledger, log, timing } = context;
  const rescue = createRescue(context, {
    readerOf: (task) => readerOf(task, life, ending, context),
    alive: (task) => task.endedAt === null && ledger.epoch() !== null,
  });

  function perform(task: Task, action: Action): void {
    switch (action.act) {
      case 'start-cell':
        ending.track(withCell(task, () => orderCell(task)));
        return;
      case 'send-cancel':
        task.cancelledAt = clock.monotonic();
        task.cancelReason = action.reason;
        task.cell?.tell({ cancel: action.reason });
        return;
      case 'send-go': {
        const { choice } = task.journal.record();
        if (choice !== undefined) task.cell?.tell({ go: choice });
        return;
      }
      case 'finish': {
        const { verdict, code } = task.journal.record();
        ending.finish(task, verdict ?? 'unknown', code ?? 'no-result');
        return;
      }
      case 'send-order':
        return; // Whoever has the cell does it: the order is made of secrets that nobody keeps.
      default:
        action satisfies never;
    }
  }

  async function see(task: Task, seen: Seen): Promise<void> {
    for (const action of await task.journal.apply(seen)) perform(task, action);
  }

  async function fail(task: Task, error: unknown): Promise<void> {
    if (task.why !== null || task.endedAt !== null) return;
    const why = known(error);
    task.why = why;
    if (isTakenOver(why)) return ending.abandon(task);
    log.error({ err: error, task: task.id }, 'a task ends because of an error');
    try {
      await see(task, { seen: 'broken', code: why.code });
    } catch (err) {
      if (isTakenOver(err)) return ending.abandon(task);
      // The ledger still says "open", so the next gate will look for the build; this runner is told what is known.
      log.error({ err, task: task.id }, 'the end of a task is not in the ledger');
      ending.finish(task, 'unknown', why.code);
    }
  }

  async function orderCell(task: Task): Promise<void> {
    const order = await orderOf(task, context);
    await task.place?.free;
    task.cell = await task.idle;
    task.idle = null;
    if (task.cell?.usable() !== true) {
      await task.cell?.discard();
      task.cell = await startCellSoon(cells, timing, log);
    }
    const { cell } = task;
    // While the cell came the task may have gone to the next turn: who had it before orders nothing.
    if (task.abandoned) return;
    await audit.write({ event: 'order', decision: 'allowed', ...taskFields(task), cell: cell.id });
    task.offered = ledger.epoch() !== null;
    const actions = await task.journal.apply({ seen: 'cell', cell: cell.id });
    // Otherwise it was cancelled meanwhile, and the order must not leave.
    if (!actions.some(({ act }) => act === 'send-order')) return;
    task.orderedAt = clock.monotonic();
    task.attachedAt = task.orderedAt;
    task.voice = readerOf(task, life, ending, context);
    cell.order(order, task.voice);
  }

  /** One after the other: a cell may be lost again before the task has it back. */
  async function bringBack(task: Task): Promise<void> {
    for (let why = task.lost; why !== null && task.endedAt === null && ledger.epoch() !== null; why = task.lost) {
      task.lost = null;
      await rescue.bring(task, why);
    }
  }

  /** Whoever gets a cell for the task gives it back, too, when the task has ended meanwhile. */
  async function withCell(task: Task, work: () => Promise<void>): Promise<void> {
    task.beginning = true;
    try {
      await work();
      await bringBack(task);
    } catch (error) {
      await fail(task, error);
    } finally {
      task.beginning = false;
      if (task.endedAt !== null) await ending.letGo(task);
    }
  }

  function lost(task: Task, why: Failure): void {
    task.lost = why;
    if (!task.beginning && task.endedAt === null) ending.track(withCell(task, () => Promise.resolve()));
  }

  const life: Life = { see, fail, lost };
  return life;
}
