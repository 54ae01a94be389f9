import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quote } from '../../src/protocol/index.ts';

const hostile = fc.array(
  fc.oneof(
    fc.constantFrom(
      '::',
      ':',
      ':::',
      '#',
      '##',
      '##[',
      '[',
      '\r',
      '\n',
      '\u2028',
      '\x1b[31m',
      '\x85',
      '\x7f',
      '\0',
      '…',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
    fc.constantFrom('\ud800', '\udc00', '😀', '\\', '"', '%0A'),
  ),
);

describe('quoted text', () => {
  it.each([
    ['', '""'],
    ['main', '"main"'],
    ['a "b" \\', '"a \\"b\\" \\\\"'],
    ['a\r\n\t\0\x1b[31m', '"a\\r\\n\\t\\u0000\\u001b[31m"'],
    ['\x7f\x85\u2028é中', '"\\u007f\\u0085\\u2028\\u00e9\\u4e2d"'],
    ['😀', '"\\ud83d\\ude00"'],
    ['\ud83d', '"\\ud83d"'],
    ['::set-env name=x::y', '":\\u003aset-env name=x:\\u003ay"'],
    [':::', '":\\u003a:"'],
    ['###[add-path]x', '"##\\u0023[add-path]x"'],
    ['…', '"\\u2026"'],
  ])('of %j is %s', (text, quoted) => {
    expect(quote(text)).toBe(quoted);
  });

  it('is cut at 80 characters, or at as many as the caller wants, and says so', () => {
    expect(quote('x'.repeat(80))).toBe(`"${'x'.repeat(80)}"`);
    expect(quote('x'.repeat(81))).toBe(`"${'x'.repeat(80)}…"`);
    expect(quote('abcdef', 3)).toBe('"abc…"');
    expect(quote('😀', 1)).toBe('"\\ud83d…"');
    expect(quote('"""', 2)).toBe('"\\"\\"…"');
  });

  it('never holds a line break, a control byte or the start of a workflow command', () => {
    fc.assert(
      fc.property(hostile, fc.nat({ max: 100 }), (parts, max) => {
        const quoted = quote(parts.join(''), max);
        expect(quoted).toMatch(/^"[\x20-\x7e]*…?"$/);
        expect(quoted).not.toContain('::');
        expect(quoted).not.toContain('##[');
      }),
    );
  });

  it('that was not cut is JSON for the same text', () => {
    fc.assert(
      fc.property(hostile, (parts) => {
        const text = parts.join('');
        expect(JSON.parse(quote(text, text.length))).toBe(text);
      }),
    );
  });
});
