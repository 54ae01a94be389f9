// What follows from each line of a cell. Nothing here waits: the ledger is written behind the reading, in order.

import type { CellReader } from '../cells/held.ts';
import { isTakenOver } from '../ledger/use.ts';
import type { Logger } from '../log.ts';
import type { Ending } from './ending.ts';
import type { Life } from './life.ts';
import type { Task } from './task.ts';
import { watchCell } from './watch.ts';

export function readerOf(task: Task, { see, fail }: Life, ending: Ending, log: Logger): CellReader {
  const watch = watchCell();
  let told = false;
  return {
    line(text) {
      // After its result, or once the task has ended otherwise, a cell has nothing more to say.
      if (task.word !== null || task.endedAt !== null) return;
      const event = watch.read(text);
      task.spoke = true;
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
      see(task, { seen: 'result', verdict, code }).catch((err: unknown) => {
        if (isTakenOver(err)) return ending.abandon(task);
        // The build ended as the cell says, whatever the ledger's state; a later gate finds the same by its nonce.
        log.error({ err, task: task.id }, 'a result is not in the ledger');
        ending.finish(task, verdict, code);
      });
    },
    over(why) {
      if (task.word === null) void fail(task, why);
    },
  };
}
