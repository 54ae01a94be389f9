// What follows from each line of a cell. Nothing here waits: the ledger is written behind the reading, in order.

import type { CellReader } from '../cells/held.ts';
import type { Told } from '../ledger/record.ts';
import { isTakenOver } from '../ledger/use.ts';
import type { BuildsEvent, CellEvent, ResultEvent, StateEvent } from '../../protocol/index.ts';
import type { Context } from '../context.ts';
import { answerChoice } from './choose.ts';
import type { Ending } from './ending.ts';
import type { Life } from './life.ts';
import { createPacing } from './pacing.ts';
import type { Task } from './task.ts';

/** Characters of a last state that are kept in the ledger. */
const maxTold = 16_384;

/** What the next gate can tell a runner that has not read the end; numbered as if it were all. */
function toldOf(state: StateEvent | null, result: ResultEvent): Told {
  const small = state !== null && JSON.stringify(state).length <= maxTold;
  return small ? { state: { ...state, n: 1 }, result: { ...result, n: 2 } } : { result: { ...result, n: 1 } };
}

/** What the runner hears in place of a question that is not for it: its numbers must not have a gap. */
const standIn = ({ n }: BuildsEvent): StateEvent => ({
  k: 'state',
  n,
  phase: 'preflight',
  stages: [],
  note: 'The policy decides which build is meant',
});

/** Reads what the task's present cell says; what an older one still says is not heard. */
export function readerOf(task: Task, life: Life, ending: Ending, context: Context): CellReader {
  const { see, fail, lost } = life;
  const { log } = context;
  const { watch } = task;
  let told = task.journal.record().number !== null;

  /** A build that this gate does not wait for was planted, if it is older; nothing hangs on it while the first cell lives. */
  function older(base: number): void {
    see(task, { seen: 'base', base }).catch((err: unknown) => {
      if (isTakenOver(err)) ending.abandon(task);
      else log.error({ err, task: task.id }, "the newest build's number is not in the ledger");
    });
  }

  function follows(event: CellEvent): void {
    if (event.k === 'log') return task.relay.log(event);
    if (event.k === 'builds') {
      task.relay.state(standIn(event));
      return answerChoice(task, event, context, life);
    }
    if (event.k === 'state') {
      // The runner has no use for it, and an older one would not know the key.
      const { base, ...state } = event;
      task.relay.state(state);
      if (base !== undefined) older(base);
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

  const { relay } = task;
  const pacing = createPacing({
    relay,
    read: () => task.reader !== null,
    clock: context.clock,
    // A quarter, since one event of a cell may be half of what is kept.
    bytes: context.bounds.logBytes / 4,
    patience: context.timing.readerPatience,
    budget: context.timing.readerBudget,
  });

  const self: CellReader = {
    pause: () => (task.word === null ? pacing.pause() : null),
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
