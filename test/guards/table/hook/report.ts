import { type Guard, guardsOf } from '../../guard.ts';

// Green is only a success; outputs and summary hold nothing but words and code.

const step = 'test/hook/run-script-step.test.ts';
const summary = 'test/hook/summary.test.ts';

export const guards: readonly Guard[] = [
  ...guardsOf(
    'hook',
    'src/hook/report.ts',
    [step],
    [
      {
        rule: 'exit code 0 only after the verdict success',
        find: "if (verdict === 'success' && code === 'ok') return 0;",
        replace: "if (code === 'ok' || verdict !== '') return 0;",
      },
      {
        rule: 'exit code 0 only with the code ok',
        find: "if (verdict === 'success' && code === 'ok') return 0;",
        replace: "if (verdict === 'success') return 0;",
      },
      {
        rule: 'outputs stand between delimiters that nobody can guess',
        find: 'const end = random();',
        replace: "const end = 'E'.repeat(random().length);",
        tests: ['test/hook/guards.test.ts'],
      },
      {
        rule: 'the summary is bounded',
        find: 'summaryText(told, limits.document)',
        replace: 'summaryText(told, 1e9)',
        tests: ['test/hook/guards.test.ts'],
      },
      {
        rule: 'outputs and summary are appended, never written over',
        find: 'O_WRONLY | O_APPEND',
        replace: 'O_WRONLY | (O_APPEND & 0)',
        tests: ['test/hook/guards.test.ts'],
      },
      {
        rule: 'a result is told even where outputs cannot be written',
        find: "printer.annotation('warning', 'hook-error', `${name} cannot be written: ${whyNot(error)}`);",
        replace: 'throw error;',
      },
    ],
  ),
  ...guardsOf(
    'hook',
    'src/hook/summary.ts',
    [summary],
    [
      {
        rule: 'whole rows of the table fit into the summary',
        find: 'if (Buffer.byteLength(text + row) > most)',
        replace: 'if (Buffer.byteLength(text + row) > most * 2)',
        tests: ['test/hook/guards.test.ts'],
      },
      {
        rule: 'the tail of the failed step fits into the summary',
        find: 'while (lines.length > 1 && Buffer.byteLength(block(lines)) > most)',
        replace: 'while (lines.length > 100 && Buffer.byteLength(block(lines)) > most)',
        tests: ['test/hook/guards.test.ts'],
      },
      {
        rule: 'a message in the summary is code',
        find: '`\\n${code(result.message, 2000)}\\n`',
        replace: '`\\n${result.message}\\n`',
      },
    ],
  ),
  ...guardsOf(
    'hook',
    'src/hook/markdown.ts',
    [summary],
    [
      {
        rule: 'a fence is longer than any in the text',
        find: 'Math.max(least, ...runs.map((run) => run + 1))',
        replace: 'Math.max(least, ...runs.map(() => 1))',
      },
      { rule: "a pipe ends no table's cell", find: ".replaceAll('|', '¦')", replace: '' },
      {
        rule: 'text in code is neutral and short',
        find: 'plain(text, most)',
        replace: 'text',
      },
      {
        rule: 'a link is http or https',
        find: '!/^https?:$/.test(url.protocol) || ',
        replace: '',
      },
      {
        rule: 'a link holds no user and no password',
        find: " || url.username + url.password !== '') return words;",
        replace: ') return words;',
      },
      {
        rule: 'a link ends where its address ends',
        find: '.replace(/[\\\\`|<>]/g, encodeURIComponent)',
        replace: '',
      },
    ],
  ),
  ...guardsOf(
    'hook',
    'src/hook/tails.ts',
    [summary],
    [
      {
        rule: 'the tails of at most 64 steps are kept',
        find: 'if (tails.size > 64)',
        replace: 'if (tails.size > 1e9)',
      },
      { rule: 'a tail has at most 20 lines', find: 'tail.slice(-20)', replace: 'tail' },
      { rule: 'a line of a tail is short', find: 'line.length > 500 ?', replace: 'line.length > 1e9 ?' },
    ],
  ),
];
