import { type Guard, guardsOf } from '../../guard.ts';

// Log entries to lines: each once, in order, and what is missing is said.

const linesTest = 'test/drone/lines.test.ts';

export const guards: readonly Guard[] = [
  ...guardsOf(
    'drone',
    'src/drone/lines.ts',
    [linesTest],
    [
      {
        rule: 'an entry that was there before is not printed again',
        find: "if (pos < this.#next) return 'known';",
        replace: '',
      },
      {
        rule: 'what comes behind a gap waits',
        find: '    if (pos > this.#next) {\n',
        replace: '    if (pos < 0) {\n',
      },
      {
        rule: 'what waits behind a gap is bounded',
        find: ' || this.#heldSize + size > maxHeld',
        replace: '',
      },
      {
        rule: 'a line without an end is bounded',
        find: 'if (this.#open.length <= maxLine) return;',
        replace: 'if (this.#open.length >= 0) return;',
      },
      {
        rule: 'the cut of a long line leaves no beginning of a secret',
        find: '.slice(0, maxLine - maxLiteral)',
        replace: '.slice(0, maxLine)',
      },
      {
        rule: 'what is missing is said',
        find: 'this.#sink.note(`${missing(count)}',
        replace: 'void (`${missing(count)}',
      },
    ],
  ),
  ...guardsOf(
    'drone',
    'src/drone/stored.ts',
    ['test/drone/stored.test.ts'],
    [
      {
        rule: 'a stored log that breaks off is malformed',
        code: 'drone-answer-malformed',
        find: "throw malformed('it breaks off');",
        replace: 'return;',
      },
      {
        rule: 'an entry of a stored log is bounded',
        code: 'drone-answer-malformed',
        find: 'if (this.#item.length > maxEntry) throw',
        replace: 'if (this.#item.length > 1e12) throw',
      },
      {
        rule: 'a stored log holds entries and nothing else',
        code: 'drone-answer-malformed',
        find: "if (!isLogEntry(value)) throw malformed('an entry lacks pos or out');",
        replace: 'if (!isLogEntry(value)) return;',
      },
    ],
  ),
  ...guardsOf(
    'drone',
    'src/drone/sse.ts',
    ['test/drone/stored.test.ts'],
    [
      {
        rule: 'an event of a live stream is bounded',
        find: 'if (this.#rest.length + (this.#data?.length ?? 0) > maxHeld)',
        replace: 'if (this.#rest.length > 1e12)',
      },
    ],
  ),
  ...guardsOf(
    'drone',
    'src/drone/logs.ts',
    ['test/drone/logs.test.ts'],
    [
      {
        rule: 'where no log is needed, none is asked for',
        find: "if (this.#options.need === 'none' || ",
        replace: 'if (',
        only: 'none: not a byte of a log is asked for',
      },
      {
        rule: 'where failed steps are needed, no other log is asked for',
        find: " || (need === 'failed' && !unhappy.has(step.status))",
        replace: '',
        only: 'failed: the stored log of failed steps alone',
      },
      {
        rule: 'the live stream is completed by the stored log',
        find: 'const job = this.#complete(entry, step)',
        replace: 'const job = Promise.resolve(this.#close(entry))',
        only: '8,000 lines at once',
      },
      {
        rule: 'a log that cannot be had is said',
        find: 'if (note !== undefined) entry.sink.note(note);',
        replace: '',
        only: 'is said and changes no verdict',
      },
    ],
  ),
];
