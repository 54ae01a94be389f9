// The end of a task in this process: its result for the runner, its line in the audit log, its cell and its place given
// back. Or, when another gate has taken it over, none of these: then it is only forgotten.

import type { FailureCode, RefusalCode, ResultEvent, Verdict } from '../../protocol/index.ts';
import type { Context } from '../context.ts';
import type { Places } from './places.ts';
import { gateResult } from './results.ts';
import { type Task, taskFields } from './task.ts';

export type EndCode = RefusalCode | FailureCode | 'ok';

export interface Ending {
  /** Idempotent. Whoever is starting a cell for the task calls `letGo` itself. */
  readonly finish: (task: Task, verdict: Verdict, code: EndCode) => void;
  /** Another gate has the task: its cell must not be touched from here any more. */
  readonly abandon: (task: Task) => void;
  /** Gives cell and place back. Idempotent. */
  readonly letGo: (task: Task) => Promise<void>;
  /** Counts as something that is going on until it is done. */
  readonly track: (work: Promise<void>) => void;
  /** Resolves when nothing is going on. */
  readonly settled: () => Promise<void>;
}

function whyOf(task: Task, code: EndCode): string {
  if (task.why?.code === code) return task.why.message;
  if (code === 'cancelled') return 'the task was cancelled before anything was asked of Drone';
  return 'the task has no result';
}

function resultOf(task: Task, verdict: Verdict, code: EndCode): ResultEvent {
  if (task.word !== null && task.word.verdict === verdict) return task.word;
  const said = verdict === 'success' || code === 'ok' ? 'no-result' : code;
  const { number } = task.journal.record();
  const known = verdict === 'success' ? 'unknown' : verdict;
  return gateResult(known, said, whyOf(task, code), task.relay.lastState(), number);
}

/** @param onEnd once for each task, however it ended */
export function createEnding(
  { audit, clock, log }: Pick<Context, 'audit' | 'clock' | 'log'>,
  places: Places<Task>,
  onEnd: (task: Task) => void,
): Ending {
  const busy = new Set<Promise<void>>();

  function track(work: Promise<void>): void {
    busy.add(work);
    void work.finally(() => busy.delete(work));
  }

  async function letGo(task: Task): Promise<void> {
    const { idle, place } = task;
    let { cell } = task;
    task.cell = null;
    task.idle = null;
    task.place = null;
    // An idle cell that was taken over for the task is in its hands only once its order is made.
    cell ??= await idle;
    // A cell that the ledger never heard of is nobody else's, whoever has the task.
    if (cell !== null && (!task.offered || !task.abandoned)) {
      cell.tell({ end: true });
      await cell.discard();
    }
    if (place !== null) places.release(place);
  }

  function close(task: Task): void {
    task.endedAt = clock.monotonic();
    places.leave(task);
    if (!task.beginning) track(letGo(task));
    onEnd(task);
  }

  return {
    letGo,
    track,
    finish(task, verdict, code) {
      if (task.endedAt !== null) return;
      const result = resultOf(task, verdict, code);
      task.relay.result(result);
      const { number, cell } = task.journal.record();
      const fields = { verdict: result.verdict, code: result.code, number, cell: cell ?? undefined };
      audit.write({ event: 'end', ...taskFields(task), ...fields }).catch((err: unknown) => {
        log.error({ err, task: task.id }, 'the end of a task is not in the audit log');
      });
      close(task);
    },
    abandon(task) {
      if (task.endedAt !== null) return;
      log.warn({ task: task.id }, 'another gate has taken over a task');
      task.abandoned = true;
      task.reader?.abort();
      close(task);
    },
    async settled() {
      while (busy.size > 0) await Promise.all(busy);
    },
  };
}
