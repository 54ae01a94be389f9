// A literal of the operator's, wherever the pieces of a log are cut, whichever way they come: it is never in what leaves.

import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sinks } from '../../src/cell/levels.ts';
import { Output } from '../../src/cell/output.ts';
import { redactor } from '../../src/cell/redact.ts';
import { buildUrl, snapshotOf } from '../../src/cell/snapshot.ts';
import type { Build } from '../../src/drone/index.ts';
import { LineJoiner } from '../../src/drone/lines.ts';
import { type CellEvent, parseCellEvent } from '../../src/protocol/index.ts';

const secrets = ['hunter2', 'pa"ss::w\u00f6rd', 'two\nlines-of-it', '\u{1f511}key'];
/** What a log may never hold of them. */
const literals = ['hunter2', 'pa"ss::w\u00f6rd', 'lines-of-it', '\u{1f511}key'];

/** What of a log leaves the cell, as one text a line. */
function left(entries: readonly string[], order: readonly number[], level: 'full' | 'tail'): readonly string[] {
  const stream = new PassThrough();
  const output = new Output(stream);
  const sink = sinks({ level, logBytes: 1e9, redact: redactor(secrets), output })('default/deploy');
  const joiner = new LineJoiner(sink);
  // Live pieces come in any order and with gaps; the stored log brings all of them.
  for (const pos of order) joiner.take({ pos: pos % entries.length, out: entries[pos % entries.length] ?? '' });
  for (const [pos, out] of entries.entries()) {
    joiner.settle(pos);
    joiner.take({ pos, out }, 'stored');
  }
  joiner.finish();
  sink.end();
  output.flush();
  const text = String(stream.read() ?? '');
  const events = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): CellEvent => parseCellEvent(JSON.parse(line)));
  return events.flatMap((event) => (event.k === 'log' ? event.lines : []));
}

const words = fc.constantFrom(...secrets, 'hunter', '2', 'x', '\n', ' and ', '\u{1f511}', '', 'lines-of', '-it');
const text = fc.array(words, { minLength: 1, maxLength: 30 }).map((all) => all.join(''));
const cuts = fc.array(fc.nat(400), { maxLength: 20 });

/** A text in pieces; Drone cuts between bytes and repairs it, so between characters. */
function piecesAt(whole: string, at: readonly number[]): string[] {
  const characters = Array.from(whole);
  const places = [...new Set(at.map((place) => place % (characters.length + 1)))].toSorted((a, b) => a - b);
  return [...places, characters.length].map((to, index) =>
    characters.slice(index === 0 ? 0 : places[index - 1], to).join(''),
  );
}

describe('a log in pieces', () => {
  test('holds no literal, and everything else, wherever it is cut', () => {
    fc.assert(
      fc.property(text, cuts, fc.array(fc.nat(40), { maxLength: 12 }), (whole, at, order) => {
        const lines = left(piecesAt(whole, at), order, 'full');
        for (const literal of literals) expect(lines.join('\n')).not.toContain(literal);
        const expected = whole.split('\n').map(redactor(secrets));
        if (expected.at(-1) === '') expected.pop();
        expect(lines).toEqual(expected);
      }),
      { numRuns: 1500 },
    );
  });

  test('holds none in its tail either', () => {
    fc.assert(
      fc.property(text, cuts, (whole, at) => {
        for (const literal of literals) expect(left(piecesAt(whole, at), [], 'tail').join('\n')).not.toContain(literal);
      }),
      { numRuns: 500 },
    );
  });

  test('is redacted before a long line is cut: at every place around the cut', () => {
    for (let before = 65_536 - 9; before <= 65_536 + 1; before++) {
      const lines = left([`${'x'.repeat(before)}hunter2${'y'.repeat(100)}\n`], [], 'full');
      expect(lines.join('')).toBe(`${'x'.repeat(before)}***${'y'.repeat(100)}`);
    }
  });
});

describe('what else is told of a build', () => {
  const redact = redactor(['hunter2']);
  const build: Build = {
    number: 7,
    status: 'failure',
    event: 'custom',
    trigger: 'bot',
    sender: 'bot',
    after: 'a'.repeat(40),
    ref: 'refs/heads/hunter2',
    started: 1,
    finished: 2,
    stages: [
      {
        number: 1,
        name: 'hunter2',
        status: 'error',
        exit_code: 0,
        error: 'a hunter2',
        started: 1,
        stopped: 2,
        steps: [{ number: 1, name: 'a hunter2 b', status: 'error', exit_code: 1, error: 'hunter2' }],
      },
    ],
  };

  test('names, error texts and the ref are redacted', () => {
    const url = buildUrl({ server: 'https://drone', token: 'x', publicUrl: 'hidden' }, 'octo/hello');
    const told = JSON.stringify(snapshotOf(build, 'done', undefined, { url, redact, errors: true }));
    expect(told).not.toContain('hunter2');
    expect(told.match(/\*\*\*/g)).toHaveLength(5);
  });
});
