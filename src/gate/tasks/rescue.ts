// A task whose cell is lost: by the death of the gate that had it, by an engine that was restarted, by the end of the cell
// itself. The build may live on, so the cell is attached to again if it still runs, and else replaced by one that looks
// for the build; only cells reach Drone (DESIGN.md, The cell).

import { setTimeout as sleep } from 'node:timers/promises';
import { type CellReader, adoptCell, startCell } from '../cells/held.ts';
import { removeCell } from '../cells/remove.ts';
import { Failure } from '../../protocol/index.ts';
import type { Context } from '../context.ts';
import { type Adoption, adoption, maxRecoveries } from '../ledger/adoption.ts';
import { meansFor, orderOf } from './order-of.ts';
import { type Task, taskFields } from './task.ts';
import { watchCell } from './watch.ts';

export interface RescueParts {
  readonly readerOf: (task: Task) => CellReader;
  /** Whether the task is still this gate's to look after. */
  readonly alive: (task: Task) => boolean;
}

export interface Rescue {
  /** Resolves when the task has a cell again, or waits for its token. @throws why it cannot go on */
  bring(task: Task, why: Failure): Promise<void>;
}

/** Attaching in a row to a cell that says nothing: then it is as good as gone. */
const maxAttempts = 5;

/** The engine is away, or could not do it this time. */
const mayPass = (error: unknown): boolean =>
  error instanceof Failure && (error.code === 'no-cell-engine' || error.code === 'cell-start-failed');

/** The cell of a task that this gate has from another one. */
export const goneBefore = (): Failure =>
  new Failure('cell-lost', 'the cell ended without a result while no gate was there to read it');

const impossible = (): Failure =>
  new Failure('recovery-impossible', 'the cell is gone, and the policy describes the Drone of its build no more');

export function createRescue(context: Context, { readerOf, alive }: RescueParts): Rescue {
  const { audit, cells, clock, ledger, log, policy, timing } = context;

  async function decide(task: Task): Promise<Adoption['do']> {
    const record = task.journal.record();
    const seen = (await cells.list()).find(({ id }) => id === record.cell);
    const lives = seen?.running === true && cells.survives && task.attempts < maxAttempts;
    const cell = seen === undefined ? 'none' : lives ? 'running' : 'ended';
    return adoption({ stored: { record }, cell, tokenAtHand: meansFor(task, context) === 'at hand' }).do;
  }

  function hear(task: Task): CellReader {
    const reader = readerOf(task);
    task.voice = reader;
    task.attachedAt = clock.monotonic();
    task.spoke = false;
    return reader;
  }

  /** A cancel that nobody may have heard. */
  function cancelAgain(task: Task): void {
    if (task.journal.record().phase === 'cancelling') task.cell?.tell({ cancel: task.cancelReason });
  }

  async function attach(task: Task, id: string): Promise<void> {
    task.attempts++;
    // The gate before may have died between the ledger and the order. A cell that has it ignores this one.
    const order = meansFor(task, context) === 'at hand' ? await orderOf(task, context) : null;
    const seen = task.watch.resume();
    const cell = await adoptCell(cells, id, hear(task), timing, log);
    task.cell = cell;
    if (!alive(task)) return;
    if (order !== null) cell.tell(order);
    cell.tell({ resume: seen });
    // The same: the choice is in the ledger, whether the cell heard of it is not.
    const { choice, number } = task.journal.record();
    if (choice !== undefined && number === null) cell.tell({ go: choice });
    cancelAgain(task);
    log.info({ task: task.id, cell: id }, 'a cell was attached to again');
    if (task.inherited) task.notices.push('the gate was started anew and goes on with this task');
    task.inherited = false;
  }

  async function replace(task: Task, why: Failure): Promise<void> {
    task.voice = null;
    const old = task.journal.record().cell;
    await task.journal.apply({ seen: 'lost' });
    const order = await orderOf(task, context, task.journal.record().recoveries + 1);
    // Two cells must never look after one build: the lost one may only be out of sight.
    if (task.cell !== null) await task.cell.discard();
    else if (old !== null) await removeCell(cells, old);
    task.cell = null;
    const cell = await startCell(cells, timing, log);
    let offered = false;
    try {
      if (!alive(task)) return await cell.discard();
      await audit.write({ event: 'order', decision: 'allowed', ...taskFields(task), cell: cell.id, detail: 'recover' });
      task.relay.replace();
      offered = ledger.epoch() !== null;
      const actions = await task.journal.apply({ seen: 'replacement', cell: cell.id, shift: task.relay.shift() });
      if (!actions.some(({ act }) => act === 'send-order')) return await cell.discard();
    } catch (error) {
      // It may stand in the ledger all the same; then it is the next holder's, who removes one that nobody needs.
      if (!offered || ledger.epoch() !== null) await cell.discard();
      throw error;
    }
    task.watch = watchCell(task.journal.record().number);
    task.attempts = 0;
    cell.order(order, hear(task));
    task.cell = cell;
    if (order.then === 'follow') cancelAgain(task);
    const { recoveries } = task.journal.record();
    log.warn({ task: task.id, cell: cell.id, err: why, recoveries }, 'a lost cell was replaced');
    const goesOn = order.kind === 'recover' ? 'looks after the build' : 'begins anew, since no build was asked for yet';
    const what = task.inherited ? 'the gate was started anew, and the cell of this task was gone' : 'the cell was lost';
    task.inherited = false;
    task.notices.push(
      `${what}: another one ${goesOn} (${recoveries} of ${maxRecoveries}); lines of the log may be repeated or missing`,
    );
  }

  async function once(task: Task, why: Failure): Promise<void> {
    const { cell } = task.journal.record();
    const next = await decide(task);
    if (next === 'adopt' && cell !== null) return attach(task, cell);
    if (next === 'recover') return replace(task, why);
    if (next !== 'await-token') throw why;
    if (meansFor(task, context) === 'never') throw impossible();
    task.tokenSince = clock.monotonic();
    // Its next call is answered in a way that makes it bring the token.
    task.reader?.abort();
    log.warn({ task: task.id }, 'the cell of a task is gone; the job has to bring its Drone token again');
  }

  return {
    async bring(task, why) {
      const until = clock.monotonic() + policy.limits.reconnect;
      for (let pause = timing.rescue; alive(task); pause = Math.min(pause * 2, timing.rescueMost)) {
        try {
          if (task.attempts > 0) await sleep(pause);
          return await once(task, why);
        } catch (error) {
          // A cell that was there a moment ago and is not now: the next look tells.
          const gone = error instanceof Failure && error.code === 'cell-lost' && error !== why;
          if ((!mayPass(error) && !gone) || clock.monotonic() > until) throw error;
          // No cell is heard, so none is late with its first word.
          task.attachedAt = null;
          log.warn({ err: error, task: task.id }, 'a lost cell could not be brought back yet');
        }
        await sleep(pause);
      }
    },
  };
}
