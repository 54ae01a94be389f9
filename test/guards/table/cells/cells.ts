import { type Guard, guardsOf } from '../../guard.ts';

// What runs a cell, whatever engine it is made by.

const tasks = 'test/gate/tasks.test.ts';
const processCells = 'test/gate/process-cells.test.ts';

const held = guardsOf(
  'cells',
  'src/gate/cells/held.ts',
  [tasks],
  [
    {
      rule: 'a cell that speaks before its order is not used',
      code: 'cell-misbehaved',
      find: 'if (reader === null) throw',
      replace: 'if (reader === null) continue;\n      if (reader === null) throw',
      only: 'that speaks before its order is not used',
    },
    {
      rule: 'a cell that does not start in time is given up',
      code: 'cell-start-failed',
      find: 'within(starting, timing.cellStart, () => {',
      replace: 'within(starting, 1e9, () => {',
      only: 'that takes too long to start is given up',
    },
    {
      rule: 'a cell that comes too late is removed',
      find: 'void starting.then((late) => hold(late, timing, log).discard()).catch(() => undefined);',
      replace: '',
      only: 'that takes too long to start is given up',
    },
    {
      rule: 'a cell that ends without a result is lost',
      code: 'cell-lost',
      find: '    over(await Promise.race([reading, gone]));',
      replace: '    await Promise.race([reading, gone]);\n    void over;',
      only: 'that ends without a result leaves the verdict open',
    },
    {
      rule: 'removing a cell has a limit',
      find: 'within(cell.remove(), timing.cellRemove, () => {',
      replace: 'within(cell.remove(), 1e9, () => {',
      tests: ['test/gate/guards.test.ts'],
    },
  ],
);

const lines = guardsOf(
  'cells',
  'src/gate/cells/split-lines.ts',
  ['test/gate/malformed-cell.test.ts'],
  [
    {
      rule: "a cell's line without an end does not fill the memory",
      code: 'cell-misbehaved',
      find: 'if (size > max) throw',
      replace: 'if (size > 1e12) throw',
    },
    {
      rule: 'an unfinished last line is no event',
      find: '    if (size > max) throw',
      replace: "    if (parts.length > 0) yield Buffer.concat(parts).toString('utf8');\n    if (size > max) throw",
    },
  ],
);

const children = guardsOf(
  'cells',
  'src/gate/cells/process.ts',
  [processCells],
  [
    {
      rule: "a process cell inherits nothing of the gate's environment",
      find: 'env: environment,',
      replace: 'env: { ...process.env, ...environment },',
    },
    { rule: 'a process cell works in the root folder', find: "cwd: '/',", replace: '' },
    {
      rule: 'a process cell does not outlive the gate',
      find: "if (!process.listeners('exit').includes(killAll)) process.on('exit', killAll);",
      replace: '',
    },
    {
      rule: 'a process cell says which promises it does not show',
      find: "log.warn({ promises }, 'cells are child processes: they do not show these promises');",
      replace: '',
      tests: ['test/gate/guards.test.ts'],
      only: 'are named in the log with every promise',
    },
    {
      rule: 'a process cell that does not listen is ended by its removal',
      find: "child.kill('SIGKILL');\n      child.stdout.destroy();",
      replace: "child.kill('SIGTERM');\n      child.stdout.destroy();",
    },
  ],
);

const none = guardsOf(
  'cells',
  'src/gate/cells/none.ts',
  ['test/gate/sessions.test.ts'],
  [
    {
      rule: 'a gate without an engine starts nothing',
      code: 'no-cell-engine',
      find: 'ready: () => reason,',
      replace: 'ready: () => null,',
    },
  ],
);

export const guards: readonly Guard[] = [...held, ...lines, ...children, ...none];
