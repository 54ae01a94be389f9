import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { neutral, neutralLines, plain } from '../../src/hook/neutral.ts';
import { createPrinter } from '../../src/hook/printer.ts';
import { commandIn, linesOf, readAsRunner } from '../support/runner-parser.ts';

function shown(text: string): string[] {
  const lines: string[] = [];
  neutralLines(text, (line) => lines.push(line));
  return lines;
}

async function printed(lines: readonly string[]): Promise<string> {
  let output = '';
  const printer = createPrinter(async (text) => {
    output += text;
  });
  await printer.foreign(...lines);
  await printer.end();
  return output;
}

describe('a line of a build', () => {
  it.each([
    ['npm ci --no-audit', 'npm ci --no-audit'],
    ['\tindented é ☃ 👩‍👩‍👧 ❤️', '\tindented é ☃ 👩‍👩‍👧 ❤️'],
    ['10:30:00 a : b', '10:30:00 a : b'],
    ['# title ## [x]', '# title ## [x]'],
    ['', ''],
  ])('%j is shown as it is', (text, line) => {
    expect(shown(text)).toEqual([line]);
  });

  it.each([
    ['::error::x', ':\\:error:\\:x'],
    ['  ::set-env name=A::b', '  :\\:set-env name=A:\\:b'],
    ['use std::vec', 'use std:\\:vec'],
    [':::', ':\\:\\:'],
    ['x ##[add-path]/evil', 'x ##\\[add-path]/evil'],
    ['###[error]', '###\\[error]'],
    [':\u200b:error:\u00ad:x', ':\\\u200b:error:\\\u00ad:x'],
    ['#\u2060#[error]x', '#\u2060#\\[error]x'],
    [':\x1b[0m:error::', ':\\\x1b[0m:error:\\:\x1b[0m'],
    [':\x1b]0;title\x07:error::', ':\\:error:\\:'],
    ['\x1b[38::2mx', 'x'],
  ])('%j cannot start a command', (text, line) => {
    expect(shown(text)).toEqual([line]);
  });

  it.each([
    ['\x1b[31mred\x1b[0m', ['\x1b[31mred\x1b[0m\x1b[0m']],
    ['\x1b[1;38;5;9mred', ['\x1b[1;38;5;9mred\x1b[0m']],
    ['\x1b[2J\x1b[Hclear', ['clear']],
    ['\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\', ['link']],
    ['\x1b]8;;http://evil.example\x07link', ['link']],
    ['\x1bPdcs\x1b\\x\x1b_apc\x07y\x1bcz', ['xyz']],
    ['open \x1b]0;title', ['open 0;title']],
    ['\x1b', ['␛']],
    ['\x1b[31', ['31']],
    ['a\0b\x07c\x08d\x7fe\x0bf', ['a␀b␇c␈d<U+007F>e␋f']],
    ['\x9b31m\x85x', ['<U+009B>31m<U+0085>x']],
    ['\u202eevil\u2066\u200f', ['<U+202E>evil<U+2066><U+200F>']],
    ['a\u2028b\u2029c', ['a<U+2028>b<U+2029>c']],
    ['10%\r20%\r\r30%\r\n', ['10%', '20%', '30%']],
    ['a\nb\n\nc', ['a', 'b', '', 'c']],
    ['\r', ['']],
    ['a\ud800b', ['a\ud800b']],
  ])('%j is shown as %j', (text, lines) => {
    expect(shown(text)).toEqual(lines);
  });

  it('of 64 KiB is one line, a longer one goes on in the next', () => {
    expect(shown('x'.repeat(65_536)).map((line) => line.length)).toEqual([65_536]);
    expect(shown('x'.repeat(1_048_577)).map((line) => line.length)).toEqual([...Array<number>(16).fill(65_536), 1]);
    const cut = `${'x'.repeat(65_535)}::error::`;
    expect(shown(cut).map((line) => commandIn(line))).toEqual([undefined, undefined]);
  });

  it.each([
    '\x1b]',
    '\x1bP',
    '\x1b[',
    '\x1b[1',
    '\x1b[m',
    '\x1b \x1b[',
    ':\u200d',
    '#\u200d',
    ':',
    '#',
    '\r',
    ' ',
    '\u202e',
    '\0',
  ])('that repeats %j for 1 MiB takes no time', (unit) => {
    const text = unit.repeat(Math.ceil(1_048_576 / unit.length));
    const began = performance.now();
    let size = 0;
    neutralLines(text, (line) => {
      size += line.length;
    });
    // Linear time is some 60 ms; quadratic time would be minutes.
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(size).toBeLessThan(9 * text.length);
  });

  it('within a line of ours is one line; in a file it has no colours and is cut', () => {
    expect(neutral('a\nb\r\n::c')).toBe('a b :\\:c');
    expect(plain('\x1b[31mred\x1b[0m', 50)).toBe('red');
    expect(plain('x'.repeat(60), 50)).toBe(`${'x'.repeat(50)}…`);
  });
});

describe('whatever a build prints', () => {
  const pieces = fc.constantFrom(
    ...':: : # ##[ [ ] m error stop-commands add-path x %0A'.split(' '),
    ...'\r|\n|\r\n| |\t|\x1b|\x1b[|\x1b[0m|\x1b]8;;|\x07|\x1b\\|set-env name=A'.split('|'),
    ...'\u200b|\u00ad|\u2028|\u0085|\ufeff|\ud800|\x9b|\0'.split('|'),
  );
  const text = fc.array(fc.oneof(pieces, fc.string({ unit: 'binary' })), { maxLength: 30 }).map((all) => all.join(''));

  it('starts no command, even if stop-commands did not exist', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 5 }), async (lines) => {
        const output = await printed(lines);
        const { commands } = readAsRunner(output, { stop: false });
        const token = commands[0]?.data;
        expect(commands.map(({ name }) => name)).toEqual(['stop-commands', token]);
        expect(token).toMatch(/^[0-9a-f]{32}$/);
      }),
      { numRuns: 1000 },
    );
  });

  it('brings no control byte but TAB and colours', () => {
    fc.assert(
      fc.property(text, (line) => {
        for (const one of shown(line)) {
          expect(one.replace(/\x1b\[[0-9;]*m/g, '')).not.toMatch(
            /[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/,
          );
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('would start one if it were printed as it is: the model sees it', () => {
    for (const line of [
      '::error::x',
      ' \t::error::x',
      'a\r::error::x',
      'a ##[error]x',
      '\u200b::error::x',
      ':\u00ad:error::x',
    ])
      expect(readAsRunner(line).commands).toHaveLength(1);
    for (const line of ['a ::error::x', ':: error', '# #[error]', '::error'])
      expect(readAsRunner(line).commands).toEqual([]);
    expect(readAsRunner('::stop-commands::t\n::error::x\n##[error]x\n::t::\n::error::y').commands).toHaveLength(3);
  });
});

describe('the printer', () => {
  it('turns commands off before the first foreign line, and on again for its own annotation and at its end', async () => {
    let output = '';
    const printer = createPrinter(async (text) => {
      output += text;
    });
    printer.own('airlock: hello');
    await printer.foreign('a');
    await printer.foreign('::b::');
    printer.annotation('error', 'build-failed', 'the build failed: 100%\nsee ::b::');
    await printer.foreign('c');
    await printer.end();
    const tokens = [...output.matchAll(/^::stop-commands::([0-9a-f]{32})$/gm)].map(([, token]) => token);
    expect(new Set(tokens).size).toBe(2);
    expect(linesOf(output)).toEqual([
      'airlock: hello',
      `::stop-commands::${tokens[0]}`,
      'a',
      ':\\:b:\\:',
      `::${tokens[0]}::`,
      '::error title=airlock%3A build-failed::[airlock build-failed] the build failed: 100%25%0Asee :\\:b:\\:',
      `::stop-commands::${tokens[1]}`,
      'c',
      `::${tokens[1]}::`,
      '',
    ]);
    expect(readAsRunner(output).commands.find(({ name }) => name === 'error')).toEqual({
      name: 'error',
      properties: { title: 'airlock: build-failed' },
      data: '[airlock build-failed] the build failed: 100%\nsee :\\:b:\\:',
    });
  });

  it('turns nothing off when nothing foreign is printed', async () => {
    expect(await printed([])).toContain('stop-commands');
    let output = '';
    const printer = createPrinter(async (text) => {
      output += text;
    });
    printer.own('airlock: ##[error]x');
    await printer.end();
    expect(output).toBe('airlock: ##\\[error]x\n');
  });

  it('waits for a slow reader, holds less than 1 MiB for it, and keeps the order', async () => {
    let open = 0;
    let most = 0;
    let lines = 0;
    const printer = createPrinter(async (text) => {
      open++;
      most = Math.max(most, Buffer.byteLength(text));
      await new Promise((resolve) => setImmediate(resolve));
      expect(open).toBe(1);
      open--;
      lines += text.split('\n').length - 1;
    });
    for (let at = 0; at < 400; at++) await printer.foreign(...Array<string>(50).fill(`\u202e${'☃'.repeat(1000)}`));
    for (let at = 0; at < 10; at++) await printer.foreign('\u202e'.repeat(65_536));
    await printer.end();
    expect(most).toBeLessThan(1_048_576);
    expect(lines).toBe(400 * 50 + 10 + 2);
  });

  it('says nothing more after its end, and fails when its reader is gone', async () => {
    const written: string[] = [];
    const printer = createPrinter(async (text) => void written.push(text));
    await printer.end();
    printer.own('late');
    await printer.flush();
    expect(written).toEqual([]);
    const gone = createPrinter(() => Promise.reject(new Error('EPIPE')));
    gone.own('x');
    await expect(gone.flush()).rejects.toThrow('EPIPE');
    await expect(gone.end()).rejects.toThrow('EPIPE');
  });

  it('passes a million lines', async () => {
    let size = 0;
    const printer = createPrinter(async (text) => {
      size += text.length;
    });
    const lines = Array.from(
      { length: 50 },
      (_, at) => `${at % 25 === 0 ? '\x1b[32m✓\x1b[0m std::vector' : 'plain'} ${at} of some test passed`,
    );
    for (let at = 0; at < 20_000; at++) await printer.foreign(...lines);
    await printer.end();
    expect(size).toBeGreaterThan(25_000_000);
  });
});
