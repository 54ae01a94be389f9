import { type Guard, guardsOf } from '../../guard.ts';

// What a cell is believed.

const tasks = 'test/gate/tasks.test.ts';
const report = 'test/gate/malformed-cell.test.ts';
const believed = (rule: string, find: string, replace: string) => ({ rule, code: 'cell-misbehaved', find, replace });

const watch = guardsOf(
  'gate',
  'src/gate/tasks/watch.ts',
  [report],
  [
    believed(
      'a line of a cell is JSON',
      "throw misbehaved('a line is not JSON', cause);",
      "return { k: 'log', n: 1, step: '', lines: [line] };",
    ),
    believed(
      'a line of a cell is an event',
      "throw misbehaved(cause instanceof Refusal ? cause.message : 'a line is no event', cause);",
      'return value as CellEvent;',
    ),
    believed('state events are numbered one by one', 'if (seen.n !== last + 1) throw', 'if (seen.n < 0) throw'),
    believed('a cell tells of one build', 'if (number !== null && told !== number)', 'if (number === -1)'),
    believed('a cell says nothing after its result', 'if (ended) throw', 'if (number === -1) throw'),
    believed(
      'success has a build number',
      "if (seen.verdict === 'success' && !/^[1-9][0-9]{0,15}$/.test(seen.outputs.number))",
      'if (number === -1)',
    ),
    believed(
      'the result is of the build that was told',
      'if (number !== null && named && seen.outputs.number !== String(number))',
      'if (number === -1)',
    ),
  ],
);

const follow = guardsOf(
  'gate',
  'src/gate/tasks/follow.ts',
  [tasks],
  [
    {
      rule: 'a cell that is gone without a result is noticed',
      code: 'cell-lost',
      find: "if (why.code === 'cell-lost') lost(task, why);",
      replace: "if (why.code === 'cell-lost') void lost;",
      only: 'that ends without a result leaves the verdict open',
    },
    {
      rule: 'a cell that cannot be believed ends its task',
      code: 'cell-misbehaved',
      find: 'else void fail(task, why);',
      replace: 'else void fail;',
      tests: ['test/gate/guards.test.ts'],
      only: 'whose cell reports nonsense',
    },
    {
      rule: 'a result that the ledger does not take is told all the same',
      find: '      ending.finish(task, verdict, code);\n',
      replace: '      void verdict;\n',
      only: 'at the end: the runner still gets',
    },
  ],
);

export const guards: readonly Guard[] = [...watch, ...follow];
