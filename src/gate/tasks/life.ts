// A task from its place to its end: the ledger is changed first, then what it says is done (ledger/machine.ts decides
// what that is). Whatever breaks ends the task with what is known, and never green.

import {
  Failure,
  Refusal,
  type RefusalCode,
  type FailureCode,
  type ResultEvent,
  type Verdict,
} from '../../protocol/index.ts';
import type { Context } from '../context.ts';
import type { Action, Seen } from '../ledger/machine.ts';
import { startCell } from '../cells/held.ts';
import { orderLimits, makeOrder } from './orders.ts';
import { readerOf } from './follow.ts';
import type { Places } from './places.ts';
import { gateResult } from './results.ts';
import { readSecrets } from './secrets.ts';
import { type Task, taskFields } from './task.ts';

export interface Life {
  /** Writes what was seen and does what follows. @throws {Failure} `ledger-failed`, `gate-standby`: nothing was done */
  readonly see: (task: Task, seen: Seen) => Promise<void>;
  /** Ends the task because of an error. Never rejects. */
  readonly fail: (task: Task, error: unknown) => Promise<void>;
}

export interface LifeOfAll extends Life {
  /** Resolves when no cell is being started, ordered or removed any more. */
  settled(): Promise<void>;
}

const toldBefore: Partial<Record<string, string>> = {
  cancelled: 'the task was cancelled before anything was asked of Drone',
};

function known(error: unknown): Refusal | Failure {
  if (error instanceof Refusal || error instanceof Failure) return error;
  return new Failure('gate-failed', 'something broke in the gate; its log says what', { cause: error });
}

/** @param onEnd once, when the task's result stands */
export function createLife(context: Context, places: Places<Task>, onEnd: (task: Task) => void): LifeOfAll {
  const { audit, cells, clock, log, policy, timing } = context;

  const busy = new Set<Promise<void>>();
  const track = (work: Promise<void>): void => {
    busy.add(work);
    void work.finally(() => busy.delete(work));
  };

  async function letGo(task: Task): Promise<void> {
    const { cell, place } = task;
    task.cell = null;
    task.place = null;
    if (cell !== null) {
      cell.tell({ end: true });
      await cell.discard();
    }
    if (place !== null) places.release(place);
  }

  function resultOf(task: Task, verdict: Verdict, code: RefusalCode | FailureCode | 'ok'): ResultEvent {
    if (task.word !== null && task.word.verdict === verdict) return task.word;
    const state = task.relay.lastState();
    const why = task.why?.code === code ? task.why.message : (toldBefore[code] ?? 'the task has no result');
    return gateResult(verdict === 'success' ? 'unknown' : verdict, code === 'ok' ? 'no-result' : code, why, state);
  }

  function finish(task: Task, verdict: Verdict, code: RefusalCode | FailureCode | 'ok'): void {
    if (task.endedAt !== null) return;
    task.endedAt = clock.monotonic();
    places.leave(task);
    const result = resultOf(task, verdict, code);
    task.relay.result(result);
    const { number, cell } = task.journal.record();
    audit
      .write({
        event: 'end',
        ...taskFields(task),
        verdict: result.verdict,
        code: result.code,
        number,
        cell: cell ?? undefined,
      })
      .catch((err: unknown) => log.error({ err, task: task.id }, 'the end of a task is not in the audit log'));
    if (!task.beginning) track(letGo(task));
    onEnd(task);
  }

  function perform(task: Task, action: Action): void {
    switch (action.act) {
      case 'start-cell':
        track(begin(task));
        return;
      case 'send-cancel':
        task.cancelledAt = clock.monotonic();
        task.cell?.tell({ cancel: action.reason });
        return;
      case 'finish': {
        const { verdict, code } = task.journal.record();
        finish(task, verdict ?? 'unknown', code ?? 'no-result');
        return;
      }
      case 'send-order':
        return; // `begin` does it: the order is made of secrets that nobody keeps.
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
    log.error({ err: error, task: task.id }, 'a task ends because of an error');
    try {
      await see(task, { seen: 'broken', code: why.code });
    } catch (err) {
      // The ledger still says "open", so the next gate will look for the build; this runner is told what is known.
      log.error({ err, task: task.id }, 'the end of a task is not in the ledger');
      finish(task, 'unknown', why.code);
    }
  }

  async function orderCell(task: Task): Promise<void> {
    const { plan } = task;
    const drone = policy.drones.get(plan.drone);
    if (drone === undefined) throw new Failure('gate-failed', 'the policy names a Drone that it does not describe');
    const secrets = await readSecrets(plan, drone, task.droneToken);
    await task.place?.free;
    task.cell = await task.idle;
    if (task.cell?.usable() !== true) {
      await task.cell?.discard();
      task.cell = await startCell(cells, timing, log);
    }
    const { cell } = task;
    const { nonce } = task.journal.record();
    const order = makeOrder({ id: task.id, nonce, plan, drone, secrets, limits: orderLimits(policy, timing) });
    await audit.write({ event: 'order', decision: 'allowed', ...taskFields(task), cell: cell.id });
    const actions = await task.journal.apply({ seen: 'cell', cell: cell.id });
    // Otherwise it was cancelled meanwhile, and the order must not leave.
    if (!actions.some(({ act }) => act === 'send-order')) return;
    task.orderedAt = clock.monotonic();
    cell.order(order, readerOf(task, { see, fail, finish, log }));
  }

  async function begin(task: Task): Promise<void> {
    task.beginning = true;
    try {
      await orderCell(task);
    } catch (error) {
      await fail(task, error);
    } finally {
      task.beginning = false;
      task.idle = null;
      if (task.endedAt !== null) await letGo(task);
    }
  }

  async function settled(): Promise<void> {
    while (busy.size > 0) await Promise.all(busy);
  }

  return { see, fail, settled };
}
