import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StepLog } from '../../../src/try/drone/step-log.ts';
import { goJson, sorted } from '../../../src/try/drone/go-json.ts';

function outs(...writes: (string | Uint8Array)[]): string[] {
  const log = new StepLog();
  return writes.flatMap((write) => log.write(write, 0)).map(({ out }) => out);
}

describe('log entries', () => {
  it('one write of one line is one entry, with or without its newline', () => {
    expect(outs('a\n', 'b', '', '\n')).toEqual(['a\n', 'b', '', '\n']);
  });

  it('a write of several lines is an entry for each, and one for what follows the last newline', () => {
    expect(outs('a\nb\n')).toEqual(['a\n', 'b\n', '']);
    expect(outs('a\nb')).toEqual(['a\n', 'b']);
    expect(outs('\n\n\n')).toEqual(['\n', '\n', '\n', '']);
  });

  it('a long line comes in pieces of 32,768 bytes', () => {
    expect(outs('x'.repeat(70_000)).map(({ length }) => length)).toEqual([32_768, 32_768, 4464]);
  });

  it('a character that the end of a piece cuts is one U+FFFD for each of its bytes', () => {
    const [first, second] = outs(`${'x'.repeat(32_767)}é`);
    expect([first?.slice(-1), second]).toEqual(['\ufffd', '\ufffd']);
    const [, ...rest] = outs(`${'x'.repeat(32_765)}🚀!`);
    expect(rest).toEqual(['\ufffd!']);
  });

  it('bytes that are no text are U+FFFD each, as recorded', () => {
    expect(outs(Buffer.from('aW52IP/+IMMoCg==', 'base64'))).toEqual(['inv \ufffd\ufffd \ufffd(\n']);
  });

  it('whatever is written comes back whole', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 50 })), (writes) => {
        const entries = outs(...writes);
        expect(entries.join('')).toBe(writes.join(''));
        for (const out of entries) expect(out.slice(0, -1)).not.toContain('\n');
      }),
    );
  });

  it('whatever the bytes, the entries are what Go shows: as many replacements as bytes of no character', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = outs(bytes).join('');
        const kept = Buffer.from(text.replaceAll('\ufffd', ''));
        const replaced = text.split('\ufffd').length - 1;
        // A real U+FFFD in the bytes is three bytes that are one character.
        expect(kept.length + replaced).toBeLessThanOrEqual(bytes.length);
        expect(kept.length + 3 * replaced).toBeGreaterThanOrEqual(bytes.length);
      }),
    );
  });

  it('over 5 MB the oldest are dropped and the places stay', () => {
    const log = new StepLog();
    const line = `${'.'.repeat(52)}\n`;
    for (let at = 0; at < 200_000; at += 1) log.write(line, 0);
    const kept = log.last();
    expect(log.overflowed).toBe(true);
    expect(kept.at(-1)?.pos).toBe(199_999);
    expect(kept.length * line.length).toBeLessThanOrEqual(5 * 1024 * 1024);
    expect(kept.length * line.length).toBeGreaterThan(5 * 1024 * 1024 - 64 * 1024);
    expect(log.last(10).map(({ pos }) => pos)).toEqual(kept.slice(-10).map(({ pos }) => pos));
  });
});

describe('JSON as Go writes it', () => {
  it('escapes what HTML and old scripts would read, and stays the same value', () => {
    expect(goJson('<b>&\u2028\u2029')).toBe('"\\u003cb\\u003e\\u0026\\u2028\\u2029"');
    expect(goJson({ plain: 'é 🚀' })).toBe('{"plain":"é 🚀"}');
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(goJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('sorts a map by its keys', () => {
    expect(Object.keys(sorted({ b: '', a: '', Z: '', é: '' }))).toEqual(['Z', 'a', 'b', 'é']);
  });
});
