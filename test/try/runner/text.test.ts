import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKeyValues } from '../../../src/try/runner/key-values.ts';
import { createLineSplitter } from '../../../src/try/runner/lines.ts';
import { createMasker } from '../../../src/try/runner/masker.ts';

describe('lines of a process', () => {
  const split = (chunks: readonly Uint8Array[], limit?: number): string[] => {
    const lines: string[] = [];
    const splitter = createLineSplitter((line) => lines.push(line), limit);
    for (const chunk of chunks) splitter.push(chunk);
    splitter.end();
    return lines;
  };
  const bytes = (text: string) => new TextEncoder().encode(text);

  it('LF, CRLF and a bare CR end a line', () => {
    expect(split([bytes('a\nb\r\nc\rd\r\r\n\ne')])).toEqual(['a', 'b', 'c', 'd', '', '', 'e']);
  });

  it('where the output is cut does not matter, not even inside a character', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '☃', '😀', '\r', '\n'), maxLength: 30 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(60), { maxLength: 6 }), (whole, cuts) => {
        const all = bytes(whole);
        const places = [0, ...cuts.map((cut) => Math.min(cut, all.length)).toSorted((a, b) => a - b), all.length];
        const chunks = places.slice(1).map((end, index) => all.subarray(places[index], end));
        expect(split(chunks)).toEqual(split([all]));
      }),
    );
  });

  it('a line without end is told in pieces', () => {
    expect(split([bytes('x'.repeat(25))], 10)).toEqual(['x'.repeat(10), 'x'.repeat(10), 'x'.repeat(5)]);
  });
});

describe('masks', () => {
  it('what a secret covers is hidden, and overlapping ones become one mask', () => {
    const masker = createMasker(['abc', 'cde', '']);
    expect(masker.mask('1 abc 2 abcde 3 abccde 4 ab')).toBe('1 *** 2 *** 3 *** 4 ab');
  });

  it('each line of a secret is one', () => {
    expect(createMasker(['one\ntwo\n']).mask('one and two')).toBe('*** and ***');
  });

  it('no secret is ever left in the text', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 20 });
    const secret = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(text, fc.array(secret, { maxLength: 3 }), (whole, secrets) => {
        const shown = createMasker(secrets).mask(whole);
        for (const part of shown.split('***')) for (const one of secrets) expect(part).not.toContain(one);
      }),
    );
  });
});

describe('the files GITHUB_OUTPUT, GITHUB_ENV and GITHUB_STATE', () => {
  it('names with a value, and with lines up to a delimiter', () => {
    expect(parseKeyValues('a=1\n\nb=x=<<y\nc<<EOF\none\n\ntwo\nEOF\nd<<E\nE\ne==<<\na=2')).toEqual([
      ['a', '1'],
      ['b', 'x=<<y'],
      ['c', 'one\n\ntwo'],
      ['d', ''],
      ['e', '=<<'],
      ['a', '2'],
    ]);
  });

  for (const [text, message] of [
    ['nonsense', "Invalid format 'nonsense'"],
    ['<<EOF\nEOF', "Invalid format '<<EOF'. Name must not be empty and delimiter must not be empty"],
    ['a<<\nb', "Invalid format 'a<<'. Name must not be empty and delimiter must not be empty"],
    ['a<<EOF\nb\n', "Invalid value. Matching delimiter not found 'EOF'"],
    ['a<<EOF\nb', 'Invalid value. EOF marker missing new line.'],
  ] as const) {
    it(`${JSON.stringify(text)}: ${message}`, () => {
      expect(() => parseKeyValues(text)).toThrow(new Error(message));
    });
  }

  it('any value between random delimiters comes back as it was', () => {
    const name = fc.stringMatching(/^[A-Za-z_]{1,8}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string()), { maxLength: 4 }), (pairs) => {
        const text = pairs.map(([key, value]) => `${key}<<delimiter-7\n${value}\ndelimiter-7\n`).join('');
        expect(parseKeyValues(text)).toEqual(pairs);
      }),
    );
  });

  it('whatever the text is, it is read or refused in words', () => {
    const part = fc.constantFrom('a', '=', '<<', 'EOF', '\n', '\r\n', '');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        try {
          for (const pair of parseKeyValues(parts.join(''))) expect(pair).toHaveLength(2);
        } catch (error) {
          expect((error as Error).message).toMatch(/^Invalid (format|value)/);
        }
      }),
    );
  });
});
