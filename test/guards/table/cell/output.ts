import { type Guard, guardsOf } from '../../guard.ts';

// Never a wait for who reads, never an event too much.

const cellTest = 'test/cell/cell.test.ts';
const outputTest = 'test/cell/output.test.ts';
const textTest = 'test/cell/text.test.ts';

const outputRules = guardsOf(
  'cell',
  'src/cell/output.ts',
  [outputTest],
  [
    {
      rule: 'a log that nobody reads fills no memory',
      find: 'if (bytes === undefined || (!forced && this.#stream.writableLength + bytes.length > maxUnsent)) return;',
      replace: 'if (bytes === undefined) return;',
    },
    {
      rule: 'a writer waits for a reader no longer than its patience',
      find: 'if (now - this.#readAt >= patience) return;',
      replace: '',
    },
    {
      rule: 'states and the result are numbered one by one',
      find: "this.#state({ k: 'result', n: ++this.#stateNumber, ...result });",
      replace: "this.#state({ k: 'result', n: this.#stateNumber, ...result });",
    },
    {
      rule: 'every line goes before the result',
      find: '    if (this.#ended) return;\n    this.flush();\n    // The end of the log',
      replace: '    if (this.#ended) return;\n    // The end of the log',
    },
    {
      rule: 'the end of the log goes out with the result, even to a reader that is behind',
      find: '    this.#pump(true);\n',
      replace: '',
    },
    {
      rule: 'nothing goes after the result',
      find: '    this.#ended = true;\n',
      replace: '',
    },
    {
      rule: 'a snapshot that says nothing new is not sent',
      find: 'if (text === this.#lastSnapshot) return;',
      replace: '',
    },
    {
      rule: 'a batch has at most 50 lines',
      find: 'this.#batch.length === maxBatch || ',
      replace: '',
    },
    {
      rule: 'an event stays below its limit, whatever its lines hold',
      find: ' || this.#batchSize + text.length > maxBatchSize)',
      replace: ')',
    },
    {
      rule: 'what can be repeated of the log is bounded',
      find: 'while (this.#keptSize > maxKept && this.#kept.length > 1)',
      replace: 'while (this.#keptSize > 1e12 && this.#kept.length > 1)',
    },
    {
      rule: 'a state that waits for room is not lost',
      find: '      this.#pump();\n      this.#stateWaiting();\n',
      replace: '      this.#pump();\n',
      tests: ['test/cell/guards.test.ts'],
      only: 'that is read again brings the newest state',
    },
    {
      rule: 'a stdout that is gone ends nothing',
      find: "    stream.on('error', () => {});\n",
      replace: '',
      tests: ['test/cell/guards.test.ts'],
      only: 'that breaks ends nothing',
    },
  ],
);

const pieces = [
  ...guardsOf(
    'cell',
    'src/cell/pieces.ts',
    [textTest],
    [
      {
        rule: 'no character is cut in two',
        find: 'if (to < line.length && isHigh(line.charCodeAt(to - 1))) to--;',
        replace: '',
      },
    ],
  ),
  ...guardsOf(
    'cell',
    'src/cell/input.ts',
    [textTest, cellTest],
    [
      {
        rule: 'a line to the cell is bounded',
        find: 'if (size > limit) {',
        replace: 'if (size > 1e12) {',
      },
    ],
  ),
];

export const guards: readonly Guard[] = [...outputRules, ...pieces];
