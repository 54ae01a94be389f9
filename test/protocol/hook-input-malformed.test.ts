// What JSON.parse takes without a word, in every object of each of the hook's four calls. All of it is text that a
// controlled runner may write on the hook's stdin.

import { describe, expect, it } from 'vitest';
import { maxHookInputBytes, parseHookInput } from '../../src/protocol/index.ts';
import { hookSpecimens } from './support/hook-specimens.ts';
import { objects, withMember } from './support/places.ts';
import { answerOf, bytes, refusalOf } from './support/refusal.ts';

const read = (text: string) => () => parseHookInput(bytes(text));
const escaped = (key: string): string =>
  key.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
const blanks = ' \t\r\n'.repeat(5000);

describe.each(hookSpecimens)("the hook's input: $name", ({ document }) => {
  const text = JSON.stringify(document);
  const holders = objects(document);

  it.each(['"__proto__":{}', '"\\u005f_proto__":null', `"__proto__"${blanks}:"x"`, `"${escaped('__proto__')}":1`])(
    'refuses %.40s in every object, in environmentVariables too',
    (member) => {
      for (const { path } of holders)
        for (const where of ['first', 'last'] as const)
          expect(answerOf(read(withMember(document, path, member, where)))).toBe(
            'input-forbidden-key: the hook\'s input holds the key "__proto__"',
          );
    },
  );

  it('refuses every key that stands twice, plain, escaped, and with white space before its colon', () => {
    for (const { path, value } of holders)
      for (const key of Object.keys(value))
        for (const written of [`"${key}":null`, `"${key}"${blanks}: 1`, `"${escaped(key)}":{}`])
          for (const where of ['first', 'last'] as const)
            expect(answerOf(read(withMember(document, path, written, where)))).toBe(
              `input-duplicate-key: the hook's input holds the key "${key}" twice`,
            );
  });

  it('refuses every key beside one that differs only in case, but for the names of environment variables', () => {
    for (const { path, value } of holders)
      for (const key of Object.keys(value)) {
        const variant = key === key.toUpperCase() ? key.toLowerCase() : key.toUpperCase();
        const changed = withMember(document, path, `"${variant}":""`);
        if (path.at(-1) === 'environmentVariables') expect(read(changed)).not.toThrow();
        else
          expect(answerOf(read(changed))).toBe(
            `input-case-variant-key: the hook's input holds the keys "${key}" and "${variant}", which differ only in case`,
          );
      }
  });

  it.each([
    ['a byte order mark', `\ufeff${text}`],
    ['something behind it', `${text}{}`],
    ['a comma behind it', `${text},`],
    ['a NUL behind it', `${text}\0`],
    ['half of it', text.slice(0, -1)],
    ['two of it', `${text}\n${text}`],
    ['nothing', ''],
    ['a comment', `/**/${text}`],
    ['single quotes', text.replaceAll('"', "'")],
  ])('refuses the document with %s', (_, malformed) => {
    expect(answerOf(read(malformed))).toBe("input-not-json: the hook's input is not one JSON document");
    expect(read(`\n ${text}\r\n`)).not.toThrow();
  });

  it.each([
    ['a cut sequence', [0xe2, 0x82]],
    ['an overlong NUL', [0xc0, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a byte that never occurs', [0xff]],
  ])('refuses bytes that are not UTF-8: %s', (_, wrong) => {
    const broken = Uint8Array.from([...bytes(text.slice(0, -1)), ...bytes(',"x":"'), ...wrong, ...bytes('"}')]);
    expect(answerOf(() => parseHookInput(broken))).toBe("input-not-utf8: the hook's input is not valid UTF-8");
    expect(read(text)).not.toThrow();
  });

  it('accepts 1 MiB and refuses one byte more', () => {
    const full = text + ' '.repeat(maxHookInputBytes - bytes(text).byteLength);
    expect(read(full)).not.toThrow();
    expect(answerOf(read(`${full} `))).toBe("input-too-large: the hook's input is larger than 1048576 bytes");
    expect(refusalOf(read(`${full} `)).status).toBe(413);
  });
});

describe("the hook's input", () => {
  it.each([1e5, 5e5])('is refused when it is nested %d deep', (depth) => {
    const deep = '['.repeat(depth) + ']'.repeat(depth);
    const tooDeep = "input-too-deep: the hook's input is nested deeper than 32";
    expect(answerOf(read(deep))).toBe(tooDeep);
    expect(answerOf(read(`{"command":"cleanup_job","responseFile":"/r","args":{},"state":${deep}}`))).toBe(tooDeep);
  });

  it('is accepted when its state is nested 31 deep, and refused at 32', () => {
    const cleanup = (depth: number) =>
      read(`{"command":"cleanup_job","responseFile":"/r","state":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    expect(cleanup(31)).not.toThrow();
    expect(answerOf(cleanup(32))).toBe("input-too-deep: the hook's input is nested deeper than 32");
  });

  it.each([
    ['the Kelvin sign for k', 'tokenKey', 'to\u212AenKey'],
    ['the long s for s', 'session', 'se\u017F\u017Fion'],
    ['an escaped Kelvin sign', 'k', '\\u212a'],
  ])('is refused with %s, which a case-insensitive parser folds', (_, key, variant) => {
    const state = (member: string) =>
      read(`{"command":"cleanup_job","responseFile":"/r","args":{},"state":{"${key}":1,${member}}}`);
    expect(refusalOf(state(`"${variant}":2`)).code).toBe('input-case-variant-key');
    expect(state('"another":2')).not.toThrow();
  });

  it('is not confused by strings that hold braces, quotes, colons and keys', () => {
    const text = JSON.stringify({
      command: 'cleanup_job',
      responseFile: '{"command":"prepare_job","command":{"__proto__":1}}',
      args: {},
      state: ['"__proto__":', '}{][', '\\', '\\"', '"', ':', 'command', 'command'],
    });
    expect(read(text)).not.toThrow();
    expect(refusalOf(read(text.replace('"state"', '"command"'))).code).toBe('input-duplicate-key');
  });

  it.each(['null', '[]', '"x"', '7', 'true', '[{"command":"cleanup_job"}]'])('is refused when it is %s', (text) => {
    expect(answerOf(read(text))).toBe(
      "input-wrong-type: the hook's input: the document itself is not as expected (an object)",
    );
  });

  it('is refused without a command, and with one that nobody knows', () => {
    const withCommand = (command: string) => read(`{"command":${command},"responseFile":"/r","args":{}}`);
    expect(answerOf(read('{"responseFile":"/r","args":{}}'))).toBe(
      'input-missing-field: the hook\'s input lacks "command"',
    );
    for (const command of ['run_step', 'PREPARE_JOB', 'cleanup_job ', '', 'constructor', 'toString'])
      expect(answerOf(withCommand(JSON.stringify(command)))).toBe(
        `input-unknown-command: the runner sent the command "${command}", which this hook does not know`,
      );
    expect(answerOf(withCommand('"\\r::error::\\u001b##[x]"'))).toBe(
      'input-unknown-command: the runner sent the command "\\r:\\u003aerror:\\u003a\\u001b#\\u0023[x]", which this hook does not know',
    );
    expect(withCommand('"cleanup_job"')).not.toThrow();
  });
});
