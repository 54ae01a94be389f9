import { type Guard, guardsOf } from '../../guard.ts';

// What of a log leaves the cell.

const levelsTest = 'test/cell/levels.test.ts';
const textTest = 'test/cell/text.test.ts';

const levels = guardsOf(
  'cell',
  'src/cell/levels.ts',
  [levelsTest],
  [
    {
      rule: 'at the level status not one byte of a log is asked for',
      find: "status: 'none'",
      replace: "status: 'all'",
      tests: ['test/cell/guards.test.ts'],
      only: 'asks Drone for no log at all',
    },
    {
      rule: 'at the level status not one byte of a log leaves the cell',
      find: "if (level === 'status') return",
      replace: "if (level === ('' as LogLevel)) return",
      tests: ['test/cell/guards.test.ts'],
    },
    {
      rule: 'at the level tail nothing of a success is shown',
      find: "tail: 'failed'",
      replace: "tail: 'all'",
      only: 'tail: nothing of a success',
    },
    {
      rule: 'a tail has its bounds',
      find: 'this.#lines.length > tailLines || ',
      replace: '',
      only: 'tail: the last 50 lines of the step that failed',
    },
    {
      rule: 'a log has its bound, and says that it is cut',
      find: 'if (this.#left < 0) return;',
      replace: '',
      only: 'beyond logBytes one line says that the log is cut',
    },
    {
      rule: 'a line is redacted before it is cut into pieces',
      find: 'for (const piece of piecesOf(redact(text))) give(piece);',
      replace: 'for (const piece of piecesOf(text)) give(redact(piece));',
      tests: ['test/cell/guards.test.ts'],
    },
    {
      rule: 'a line is redacted',
      find: 'for (const piece of piecesOf(redact(text))) give(piece);',
      replace: 'for (const piece of piecesOf(text)) give(piece);',
      only: 'a literal that comes in two pieces is replaced all the same',
    },
  ],
);

const redact = guardsOf(
  'cell',
  'src/cell/redact.ts',
  [textTest],
  [
    {
      rule: 'a secret of several lines is looked for line by line',
      find: 'else for (const line of lines) if (line.trim().length >= shortestPart) literals.add(line);',
      replace: '',
    },
    {
      rule: 'an empty secret redacts nothing',
      find: "literals.delete('');",
      replace: '',
      tests: ['test/cell/guards.test.ts'],
      only: 'redacts nothing, and does not search for ever',
    },
  ],
);

const snapshot = guardsOf(
  'cell',
  'src/cell/snapshot.ts',
  [levelsTest],
  [
    {
      rule: 'names are redacted too',
      find: 'name: options.redact(step.name).slice(0, maxName)',
      replace: 'name: step.name.slice(0, maxName)',
      tests: ['test/cell/guards.test.ts'],
      only: 'has the names of stages and steps',
    },
    {
      rule: 'error texts are redacted too',
      find: '{ error: redact(item.error).slice(0, maxError) }',
      replace: '{ error: item.error.slice(0, maxError) }',
      tests: ['test/cell/guards.test.ts'],
      only: 'has the names of stages and steps',
    },
    {
      rule: 'a hidden address is no address',
      find: "if (publicUrl === 'hidden') return () => '';",
      replace: '',
      only: 'hidden is hidden everywhere',
    },
  ],
);

export const guards: readonly Guard[] = [...levels, ...redact, ...snapshot];
