import { type Guard, guardsOf } from '../../guard.ts';

// Nothing foreign becomes a command.

const step = 'test/hook/run-script-step.test.ts';
const neutral = 'test/hook/neutral.test.ts';

export const guards: readonly Guard[] = [
  ...guardsOf(
    'hook',
    'src/hook/neutral.ts',
    [neutral],
    [
      { rule: 'no line of a build holds ::', find: ".replace(colons, ':\\\\')", replace: '' },
      { rule: 'no line of a build holds ##[', find: ".replace(oldStyle, '$1\\\\[')", replace: '' },
      {
        rule: 'a carriage return begins a new line before anything is looked for',
        find: String.raw`.split(/\r+\n?|\n/)`,
        replace: String.raw`.split(/\n/)`,
      },
      {
        rule: 'control characters are shown as pictures',
        find: '.replace(unseen, name)',
        replace: '',
      },
      {
        rule: 'escape sequences other than colours are taken away',
        find: "(colour.test(sequence) ? sequence : '')",
        replace: 'sequence',
      },
      {
        rule: 'colours and invisible characters between :: do not hide it',
        find: String.raw`const between = '(?:\\x1b\\[[0-9;]*m|\\p{Default_Ignorable_Code_Point})*';`,
        replace: "const between = '(?:)';",
      },
      {
        rule: 'colours end with their line',
        find: "line.includes('\\x1b') ? `${line}\\x1b[0m` : line",
        replace: 'line',
      },
      { rule: 'a line is bounded', find: 'const longest = 65_536;', replace: 'const longest = 65_536_000;' },
      {
        rule: 'a line that looks plain is plain',
        find: String.raw`|\p{Default_Ignorable_Code_Point}|::|##\[/u`,
        replace: '/u',
      },
      {
        rule: 'text for a file or a table has no colours',
        find: String.raw`.replace(/\x1b\[[0-9;]*m/g, '')`,
        replace: '',
      },
    ],
  ),
  ...guardsOf(
    'hook',
    'src/hook/printer.ts',
    [neutral],
    [
      {
        rule: 'commands are off before the first foreign line',
        find: 'text += `::stop-commands::${token}\\n`;',
        replace: '',
      },
      {
        rule: "commands are on again for the hook's own annotation",
        find: 'resume();\n      const lines',
        replace: 'const lines',
      },
      {
        rule: 'foreign lines are neutral even while commands are off',
        find: 'neutralLines(line, (shown) => {',
        replace: '((raw: string, take: (line: string) => void) => take(raw))(line, (shown) => {',
      },
      {
        rule: "the hook's own lines are neutral too",
        find: 'text += `${neutral(line)}\\n`;',
        replace: 'text += `${line}\\n`;',
        tests: [neutral, step],
      },
      {
        rule: "an annotation's text is neutral",
        find: "message.split('\\n').map(neutral).join('\\n')",
        replace: 'message',
        tests: [step],
      },
      {
        rule: "an annotation's text is escaped as GitHub asks",
        find: "text.replaceAll('%', '%25').replaceAll('\\r', '%0D').replaceAll('\\n', '%0A')",
        replace: 'text',
        tests: [neutral, step],
      },
      {
        rule: 'what waits for a slow reader is bounded',
        find: 'if (text.length >= full) await flush();',
        replace: '',
      },
      {
        rule: 'nothing is printed after the last line',
        find: "if (next !== '' && !ended)",
        replace: "if (next !== '')",
      },
    ],
  ),
];
