import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandNames, parseCommand } from '../../../src/try/runner/commands.ts';
import { createMasker } from '../../../src/try/runner/masker.ts';
import { createOutput } from '../../../src/try/runner/output.ts';
import { createStepLog } from '../../../src/try/runner/step-log.ts';
import type { RunnerLine } from '../../../src/try/runner/index.ts';

/** What the runner makes of the lines of one hook process. */
function take(lines: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const shown: RunnerLine[] = [];
  const masker = createMasker([]);
  const log = createStepLog({ number: 1, name: 'step' }, masker, (line) => shown.push(line));
  const done: [string, ...string[]][] = [];
  const effects = {
    setOutput: (name: string, value: string) => void done.push(['output', name, value]),
    setEnv: (name: string, value: string) => void done.push(['env', name, value]),
    addPath: (path: string) => void done.push(['path', path]),
    setSummary: () => {},
    fail: () => void done.push(['fail']),
  };
  const output = createOutput({ log, masker, effects, env: new Map(Object.entries(env)) });
  for (const line of lines) output(line);
  return { shown: shown.map(({ kind, text }) => `${kind} ${text}`), done, annotations: log.annotations };
}

const known = (name: string) => (commandNames as readonly string[]).includes(name);

describe('which lines are commands (contract, What the hook prints)', () => {
  for (const [line, name, data] of [
    ['::error::x', 'error', 'x'],
    ['  \t::error::x', 'error', 'x'],
    ['\u00a0\u2003::error::x', 'error', 'x'],
    ['::ERROR::x', 'error', 'x'],
    ['::error title=a::x::y', 'error', 'x::y'],
    ['##[error]x', 'error', 'x'],
    ['in the middle ##[error]x', 'error', 'x'],
    ['##[WARNING a=b]x', 'warning', 'x'],
    ['::nonsense::##[error]x', 'error', 'x'],
  ] as const) {
    it(`${JSON.stringify(line)} is ${name}`, () => {
      expect(parseCommand(line, known)).toMatchObject({ name, data });
    });
  }

  for (const line of [
    'x ::error::y',
    '\ufeff::error::x',
    '::error x',
    ':error::x',
    '::nonsense::x',
    '##[error',
    '# #[error]x',
    '##[nonsense]x ##[error]y',
    '::::',
    '',
  ]) {
    it(`${JSON.stringify(line)} is text`, () => {
      expect(parseCommand(line, known)).toBeNull();
    });
  }

  it('properties and data are unescaped, each in its own way', () => {
    const { properties, data } = parseCommand('::error title=a%3Ab%2Cc%0Ad,file=x=y,empty=,line::1%25%0A2%3A', known)!;
    expect(Object.fromEntries(properties)).toEqual({ title: 'a:b,c\nd', file: 'x=y' });
    expect(data).toBe('1%\n2%3A');
    const old = parseCommand('##[error title=a%3Bb;file=c%5D]x%5D', known)!;
    expect([Object.fromEntries(old.properties), old.data]).toEqual([{ title: 'a;b', file: 'c]' }, 'x]']);
  });

  it('whatever a line holds, it is a command of a known name or text', () => {
    const part = fc.constantFrom('::', '##[', ']', 'error', 'add-mask', ' ', '=', ',', '%0A', 'x', '\t');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const command = parseCommand(parts.join(''), known);
        if (command !== null) expect(commandNames).toContain(command.name);
      }),
    );
  });
});

describe('what commands do', () => {
  it('issues are lines of their own colour, and annotations', () => {
    const { shown, annotations, done } = take([
      '::error title=T,file=f,line=3::one%0Atwo',
      '::warning::w',
      '##[notice]n',
      '::debug::d',
      'plain',
    ]);
    expect(shown).toEqual(['error one\ntwo', 'warning w', 'notice n', 'debug d', 'plain plain']);
    expect(annotations).toEqual([
      { level: 'error', message: 'one\ntwo', title: 'T', file: 'f', line: '3' },
      { level: 'warning', message: 'w' },
      { level: 'notice', message: 'n' },
    ]);
    expect(done).toEqual([]);
  });

  it('ten annotations of a kind are kept, every line is shown', () => {
    const { shown, annotations } = take(Array<string>(15).fill('::error::x'));
    expect([shown.length, annotations.length]).toEqual([15, 10]);
  });

  it('groups fold', () => {
    expect(take(['::group::Title', 'inside', '::endgroup::']).shown).toEqual([
      'group Title',
      'plain inside',
      'endgroup ',
    ]);
  });

  it('a mask hides what comes after it', () => {
    expect(take(['secret', '::add-mask::secret', 'a secret b', '::error::secret']).shown).toEqual([
      'plain secret',
      'plain a *** b',
      'error ***',
    ]);
  });

  it('between stop-commands and its token nothing is a command', () => {
    const { shown, done } = take([
      '::stop-commands::t0ken-1',
      '::error::x',
      '##[set-output name=a]b',
      '::other::',
      '::T0KEN-1::',
      '::error::y',
    ]);
    expect(shown).toEqual([
      'command ::stop-commands::***',
      'plain ::error::x',
      'plain ##[set-output name=a]b',
      'plain ::other::',
      'command ::T0KEN-1::',
      'error y',
    ]);
    expect(done).toEqual([]);
  });

  for (const token of ['', 'pause-logging', 'error']) {
    it(`stop-commands does not take '${token}' as its token, and the step fails`, () => {
      const { shown, done } = take([`::stop-commands::${token}`, '::error::still heard']);
      expect(shown[0]).toBe(`error Unable to process command '::stop-commands::${token}' successfully.`);
      expect(shown.at(-1)).toBe('error still heard');
      expect(done).toEqual([['fail']]);
    });
  }

  for (const line of ['::set-env name=A::b', '::add-path::/x', 'x ##[set-env name=A]b']) {
    it(`${line} is switched off: printing it fails the step`, () => {
      const { shown, done } = take([line]);
      expect(shown[0]).toBe(`error Unable to process command '${line}' successfully.`);
      expect(shown[1]).toMatch(/^error The `(set-env|add-path)` command is disabled\./);
      expect(done).toEqual([['fail']]);
    });
  }

  it('unless the workflow itself switches it on', () => {
    const env = { ACTIONS_ALLOW_UNSECURE_COMMANDS: 'true' };
    expect(take(['::set-env name=A::b', '::add-path::/x'], env).done).toEqual([
      ['env', 'A', 'b'],
      ['path', '/x'],
    ]);
  });

  it('set-output is heard, with a warning', () => {
    const { done, shown } = take(['::set-output name=a::b', '::set-output::c']);
    expect(done).toEqual([['output', 'a', 'b'], ['fail']]);
    expect(shown[0]).toMatch(/^warning The `set-output` command is deprecated/);
    expect(shown.at(-1)).toBe("error Required field 'name' is missing in ##[set-output] command.");
  });

  it('echo repeats commands, but never issues and masks', () => {
    const { shown } = take([
      '::echo::on',
      '::group::a',
      '::add-mask::sesame',
      '::error::c',
      '::echo::off',
      '::endgroup::',
      '::echo::loud',
    ]);
    expect(shown).toEqual([
      'command ::group::a',
      'group a',
      'error c',
      'command ::echo::off',
      'endgroup ',
      "error Unable to process command '::echo::loud' successfully.",
      "error Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: 'loud'.",
    ]);
  });

  it('a problem matcher is looked for and not found', () => {
    expect(take(['::add-matcher::/no/such/file.json']).done).toEqual([['fail']]);
  });
});
