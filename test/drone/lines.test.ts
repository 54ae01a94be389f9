import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogEntry } from '../../src/drone/answers.ts';
import { LineJoiner, TextBudget } from '../../src/drone/lines.ts';

function collect(budget?: TextBudget): { lines: string[]; notes: string[]; joiner: LineJoiner } {
  const lines: string[] = [];
  const notes: string[] = [];
  return {
    lines,
    notes,
    joiner: new LineJoiner({ line: (text) => lines.push(text), note: (text) => notes.push(text) }, budget),
  };
}
const entry = (pos: number, out: string): LogEntry => ({ pos, out });

/** The stored log, as the step's end brings it. */
function store(joiner: LineJoiner, entries: readonly LogEntry[]): void {
  for (const [index, item] of entries.entries()) {
    joiner.settle(item.pos, index === 0);
    joiner.take(item, 'stored');
  }
}

describe('an entry is not a line', () => {
  test('an entry without a newline, an empty one and the rest of the line are one line', () => {
    const { lines, joiner } = collect();
    for (const item of [entry(0, 'one '), entry(1, ''), entry(2, 'line\ntwo\n\nthr'), entry(3, 'ee')])
      joiner.take(item);
    expect(lines).toEqual(['one line', 'two', '']);
    joiner.finish();
    expect(lines).toEqual(['one line', 'two', '', 'three']);
  });

  test('a line of 1 MiB in pieces of 32,768 bytes is one line', () => {
    const { lines, joiner } = collect();
    for (let pos = 0; pos < 32; pos++) joiner.take(entry(pos, 'x'.repeat(32_768)));
    joiner.take(entry(32, '\n'));
    expect(lines.map((line) => line.length)).toEqual([1_048_576]);
  });

  test('a carriage return does not end a line and stays in it', () => {
    const { lines, joiner } = collect();
    joiner.take(entry(0, '10%\r50%\r100%\ncrlf\r\n'));
    expect(lines).toEqual(['10%\r50%\r100%', 'crlf\r']);
  });
});

describe('gaps', () => {
  test('what comes behind a gap waits, and the stored log fills it', () => {
    const { lines, notes, joiner } = collect();
    expect(joiner.take(entry(0, 'a\n'))).toBe('taken');
    expect(joiner.take(entry(3, 'd\n'))).toBe('gap');
    expect(joiner.take(entry(0, 'a\n'))).toBe('known');
    expect(lines).toEqual(['a']);
    store(joiner, [entry(0, 'a\n'), entry(1, 'b\n'), entry(2, 'c\n'), entry(3, 'd\n'), entry(4, 'e\n')]);
    expect(lines).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(notes).toEqual([]);
  });

  test('a stored log that has lost its beginning is said, with what the live stream brought before it', () => {
    const { lines, notes, joiner } = collect();
    joiner.take(entry(0, 'first\n'));
    joiner.take(entry(5, 'held\n'));
    store(joiner, [entry(9, 'last\n')]);
    expect(lines).toEqual(['first', 'held', 'last']);
    expect(notes).toEqual([
      '4 entries of this log are missing here: Drone keeps only its last 5 MB',
      '3 entries of this log are missing here: Drone keeps only its last 5 MB',
    ]);
  });

  test('without a stored log what waits is printed at the end, and the hole before it is said', () => {
    const { lines, notes, joiner } = collect();
    joiner.take(entry(0, 'a\nopen'));
    joiner.take(entry(2, 'c\n'));
    joiner.finish();
    expect(lines).toEqual(['a', 'open', 'c']);
    expect(notes).toEqual(['1 entry of this log is missing here']);
  });

  test('a million entries behind a gap do not fill the memory', () => {
    const { joiner, lines } = collect();
    for (let pos = 1; pos < 1_000_000; pos++) joiner.take(entry(pos, 'x'.repeat(20)));
    joiner.finish();
    expect(lines.join('').length).toBeLessThan(1_048_576);
  });

  test('a line without an end does not fill the memory, and its cut leaves no beginning of a secret', () => {
    const { joiner, lines, notes } = collect();
    const piece = 'y'.repeat(32_768);
    for (let pos = 0; pos < 400; pos++) joiner.take(entry(pos, piece));
    joiner.take(entry(400, '\nnext\n'));
    expect(lines.map((line) => line.length)).toEqual([8_388_608 - 4096, 4]);
    expect(notes).toEqual(['a line of more than 8388608 characters is cut here']);
  });
});

describe('the memory of all steps together', () => {
  test('is bounded: a step that is over it goes back to the beginning of its line, and the stored log brings all', () => {
    const budget = new TextBudget(100);
    const one = collect(budget);
    const other = collect(budget);
    for (let pos = 0; pos < 60; pos++) expect(one.joiner.take(entry(pos, 'x'))).toBe('taken');
    expect(other.joiner.take(entry(0, 'done\nopen'))).toBe('taken');
    expect(other.joiner.take(entry(1, 'y'.repeat(50)))).toBe('full');
    // What was printed is not printed again, what was not yet is not lost.
    store(other.joiner, [entry(0, 'done\nopen'), entry(1, 'y'.repeat(50)), entry(2, '\n')]);
    expect(other.lines).toEqual(['done', `open${'y'.repeat(50)}`]);
    // The other step had its share all the time, and there is room again.
    expect(one.joiner.take(entry(60, `${'x'.repeat(39)}\n`))).toBe('taken');
    expect(one.lines).toEqual(['x'.repeat(99)]);
    expect(other.joiner.take(entry(3, 'z'.repeat(99)))).toBe('taken');
  });

  test('counts what waits behind a gap', () => {
    const budget = new TextBudget(200);
    const one = collect(budget);
    for (let pos = 1; pos < 50; pos++) one.joiner.take(entry(pos, 'x'));
    expect(one.joiner.take(entry(0, 'y'.repeat(150)))).toBe('full');
    expect(one.joiner.take(entry(0, 'y'.repeat(150)))).toBe('taken');
  });

  test('a stored log is never refused; what a broken one leaves is dropped only where memory is short', () => {
    const { joiner, lines } = collect(new TextBudget(10));
    expect(joiner.take(entry(0, `one\n${'x'.repeat(50)}`), 'stored')).toBe('taken');
    joiner.breakOff();
    expect(joiner.next).toBe(0);
    store(joiner, [entry(0, `one\n${'x'.repeat(50)}`), entry(1, '\ntwo')]);
    joiner.breakOff();
    expect(joiner.next).toBe(2);
    joiner.finish();
    expect(lines).toEqual(['one', 'x'.repeat(50), 'two']);
  });
});

describe('whatever is cut, lost and repeated', () => {
  const text = fc
    .array(fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('\r', '\u001b[31m', '::error::', '🚀', '')), {
      maxLength: 40,
    })
    .map((parts) => parts.map((part) => part.replaceAll('\n', ' ')).join('\n'));
  const scenario = fc.record({
    text,
    cuts: fc.array(fc.nat({ max: 600 }), { maxLength: 60 }),
    // Streams: which entries each of them brings; every one begins anew at position 0.
    streams: fc.array(fc.array(fc.boolean(), { minLength: 70, maxLength: 70 }), { maxLength: 3 }),
    // Entries of a stream that come twice.
    again: fc.array(fc.nat({ max: 70 }), { maxLength: 5 }),
    // Some of the stored log, then all of it: a reading that broke off.
    broken: fc.option(fc.nat({ max: 70 }), { nil: undefined }),
    // After which entries of the streams memory ran short.
    short: fc.array(fc.nat({ max: 70 }), { maxLength: 3 }),
  });

  test('every line comes exactly once and in order', () => {
    fc.assert(
      fc.property(scenario, ({ text: original, cuts, streams, again, broken, short }) => {
        const at = [...new Set(cuts.map((cut) => Math.min(cut, original.length)))].toSorted((a, b) => a - b);
        const entries = [0, ...at].map((from, index) =>
          entry(index, original.slice(from, at[index] ?? original.length)),
        );
        const { lines, notes, joiner } = collect();
        for (const stream of streams) {
          for (const item of entries) {
            if (stream[item.pos % 70]) joiner.take(item);
            if (short.includes(item.pos)) joiner.rewind();
          }
          for (const pos of again) {
            const item = entries[pos];
            if (item) joiner.take(item);
          }
        }
        if (broken !== undefined) store(joiner, entries.slice(0, broken));
        store(joiner, entries);
        joiner.finish();
        const expected = original.split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect(lines).toEqual(expected);
        expect(notes).toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });
});
