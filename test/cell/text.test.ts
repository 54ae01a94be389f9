import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readLines } from '../../src/cell/input.ts';
import { piecesOf } from '../../src/cell/pieces.ts';
import { redactor } from '../../src/cell/redact.ts';

describe('pieces', () => {
  test('a short line is one piece, an empty one too', () => {
    expect(piecesOf('')).toEqual(['']);
    expect(piecesOf('a', 1)).toEqual(['a']);
  });

  test('a line of 1 MiB comes through in pieces of up to 65,536 characters', () => {
    const pieces = piecesOf('x'.repeat(1_048_576));
    expect(pieces.map((piece) => piece.length)).toEqual(Array.from({ length: 16 }, () => 65_536));
  });

  test('no character is cut in two', () => {
    expect(piecesOf('ab🚀c', 3)).toEqual(['ab', '🚀c']);
  });

  test('whatever the line, the pieces are the line and none is too long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.integer({ min: 2, max: 9 }), (line, max) => {
        const pieces = piecesOf(line, max);
        expect(pieces.join('')).toBe(line);
        expect(pieces.every((piece) => piece.length <= max)).toBe(true);
        // None but the last ends in the first half of a character.
        expect(pieces.slice(0, -1).every((piece) => !/[\ud800-\udbff]$/.test(piece))).toBe(true);
      }),
    );
  });
});

describe('redaction', () => {
  test('every occurrence is replaced, the longer literal before the shorter', () => {
    const redact = redactor(['hunter', 'hunter2']);
    expect(redact('hunter2 and hunter and hunter2')).toBe('*** and *** and ***');
  });

  test('overlapping literals leave nothing of either', () => {
    expect(redactor(['abcd', 'cdef'])('xabcdefx')).toBe('x***x');
    expect(redactor(['aa'])('aaaaa')).toBe('***');
  });

  test('neighbours become one, so that their number is not told', () => {
    expect(redactor(['ab'])('abababx')).toBe('***x');
  });

  test('an empty literal replaces nothing', () => {
    expect(redactor([''])('text')).toBe('text');
  });

  test('a secret of several lines is looked for line by line, its shortest lines left alone', () => {
    const redact = redactor(['-----BEGIN KEY-----\r\nMIIBVgIBADANBgkq\n{\n-----END KEY-----\n']);
    expect(redact('key: MIIBVgIBADANBgkq')).toBe('key: ***');
    expect(redact('-----BEGIN KEY-----')).toBe('***');
    expect(redact('{')).toBe('{');
  });

  test('characters with a meaning in patterns have none', () => {
    expect(redactor(['a.c', '$&', '(', '\\d'])('abc a.c $& ( \\d')).toBe('abc *** *** *** ***');
  });

  test('whatever the line and the literals, no literal is left', () => {
    const literal = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(literal, { maxLength: 4 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 30 }),
        (literals, line) => {
          const out = redactor(literals)(line);
          for (const one of literals) expect(out).not.toContain(one);
          // What is not part of a literal stays.
          if (literals.every((one) => !line.includes(one))) expect(out).toBe(line);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('input', () => {
  async function read(chunks: readonly string[], limit: number): Promise<readonly (string | undefined)[]> {
    const stream = new PassThrough();
    const lines: (string | undefined)[] = [];
    readLines(stream, limit, (line) => lines.push(line?.toString('utf8')));
    const ended = new Promise((resolve) => {
      stream.on('end', resolve);
    });
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
    await ended;
    return lines;
  }

  test('a line over the limit is one lost line, and the next one is read', async () => {
    expect(await read(['x'.repeat(50), 'x'.repeat(60), '\nnext\n'], 100)).toEqual([undefined, 'next']);
    expect(await read([`${'x'.repeat(100)}\n`], 100)).toEqual(['x'.repeat(100)]);
    expect(await read([`${'x'.repeat(101)}\nnext\n`], 100)).toEqual([undefined, 'next']);
  });

  test('a last line without a newline is a line', async () => {
    expect(await read(['a\nb'], 100)).toEqual(['a', 'b']);
  });

  test('however it is cut, the lines are the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ maxLength: 6 }), { maxLength: 12 }), async (parts) => {
        const text = `${parts.join('\n')}\n`;
        const lines = await read(text.split(/(?=[a-m])/), 1000);
        expect(lines.join('\n')).toBe(text.slice(0, -1));
      }),
      { numRuns: 100 },
    );
  });
});
