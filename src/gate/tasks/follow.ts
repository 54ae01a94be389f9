// What follows from each line of a cell. Nothing here waits: the ledger is written behind the reading, in order.

import type { CellReader } from '../cells/held.ts';
import type { Told } from '../ledger/record.ts';
import { isTakenOver } from '../ledger/use.ts';
import type { Logger } from '../log.ts';
import type { CellEvent, ResultEvent, StateEvent } from '../../protocol/index.ts';
import type { Ending } from './ending.ts';
import type { Life } from './life.ts';
import type { Task } from './task.ts';

/** Characters of a last state that are kept in the ledger. */
const maxTold = 16_384;

/** What the next gate can tell a runner that has not read the end; numbered as if it were all. */
function toldOf(state: StateEvent | null, result: ResultEvent): Told {
  const small = state !== null && JSON.stringify(state).length <= maxTold;
  return small ? { state: { ...state, n: 1 }, result: { ...result, n: 2 } } : { result: { ...result, n: 1 } };
}

/** Reads what the task's present cell says; what an older one still says is not heard. */
export function readerOf(task: Task, { see, fail, lost }: Life, ending: Ending, log: Logger): CellReader {
  const { watch } = task;
  let told = task.journal.record().number !== null;

  function follows(event: CellEvent): void {
    if (event.k === 'log') return task.relay.log(event);
    if (event.k === 'state') {
      task.relay.state(event);
      if (event.build === undefined || told) return;
      told = true;
      see(task, { seen: 'build', number: event.build.number }).catch((err: unknown) => {
        if (isTakenOver(err)) ending.abandon(task);
        else log.error({ err, task: task.id }, "a build's number is not in the ledger");
      });
      return;
    }
    task.word = event;
    const { verdict, code } = event;
    see(task, { seen: 'result', verdict, code, told: toldOf(task.relay.lastState(), event) }).catch((err: unknown) => {
      if (isTakenOver(err)) return ending.abandon(task);
      // The build ended as the cell says, whatever the ledger's state; a later gate finds the same by its nonce.
      log.error({ err, task: task.id }, 'a result is not in the ledger');
      ending.finish(task, verdict, code);
    });
  }

  const self: CellReader = {
    line(text) {
      // After its result, or once the task has ended otherwise, a cell has nothing more to say.
      if (task.voice !== self || task.word !== null || task.endedAt !== null) return;
      for (const event of watch.read(text)) {
        task.spoke = true;
        task.attempts = 0;
        follows(task.relay.renumber(event));
      }
    },
    over(why) {
      if (task.voice !== self || task.word !== null) return;
      if (why.code === 'cell-lost') lost(task, why);
      else void fail(task, why);
    },
  };
  return self;
}
