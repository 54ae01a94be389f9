import fc from 'fast-check';
import { createParser } from 'eventsource-parser';
import { describe, expect, test } from 'vitest';
import type { LogEntry } from '../../src/drone/answers.ts';
import { SseReader } from '../../src/drone/sse.ts';
import { EntryReader } from '../../src/drone/stored.ts';

function read(chunks: readonly string[]): readonly LogEntry[] {
  const entries: LogEntry[] = [];
  const reader = new EntryReader((entry) => entries.push(entry));
  for (const chunk of chunks) reader.feed(chunk);
  reader.end();
  return entries;
}

/** Cuts a text at these places. */
function cut(text: string, places: readonly number[]): readonly string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length));
}

describe('the stored log is read entry by entry', () => {
  test('null is an empty log (recording 42), and so is an empty list', () => {
    expect(read(['nu', 'll\n'])).toEqual([]);
    expect(read(['[]'])).toEqual([]);
  });

  test('quotes, brackets and backslashes in a line are text', () => {
    const entries = [{ pos: 0, out: '"}]\\" [{ \\\\', time: 0 }];
    expect(read([JSON.stringify(entries)])).toEqual(entries);
  });

  test('however it is cut into chunks, it is the same log', () => {
    const log = fc.array(fc.record({ pos: fc.nat(), out: fc.string({ unit: 'binary' }), time: fc.nat() }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(log, fc.array(fc.nat(), { maxLength: 30 }), (entries, places) => {
        expect(read(cut(JSON.stringify(entries), places))).toEqual(entries);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['it breaks off in an entry', '[{"pos":0,"out":"a'],
    ['it breaks off between two', '[{"pos":0,"out":"a"},'],
    ['it is empty', ''],
    ['it is something else', '{}'],
    ['it is text', 'not found'],
    ['it holds numbers', '[1,2]'],
    ['it closes as an object', '[}'],
    ['it holds texts', '["a"]'],
    ['an entry lacks its position', '[{"out":"a"}]'],
    ['an entry has a wrong position', '[{"pos":-1,"out":"a"}]'],
    ['an entry has a fraction for a position', '[{"pos":0.5,"out":"a"}]'],
    ['an entry lacks its text', '[{"pos":0}]'],
    ['an entry is a list', '[[0,"a"]]'],
    ['an entry is no JSON', '[{"pos":0,out:"a"}]'],
    ['something follows it', '[] x'],
    ['a second list follows it', '[][]'],
    ['a bracket is too many', '[]]'],
  ])('when %s, it is refused', (_name, text) => {
    expect(() => read([text])).toThrow(expect.objectContaining({ code: 'drone-answer-malformed' }));
  });

  test('an entry without an end does not fill the memory', () => {
    const reader = new EntryReader(() => {});
    reader.feed('[{"pos":0,"out":"');
    expect(() => {
      for (let n = 0; n < 100; n++) reader.feed('x'.repeat(65_536));
    }).toThrow(expect.objectContaining({ code: 'drone-answer-malformed' }));
  });
});

describe('server-sent events', () => {
  const line = fc.constantFrom(
    'data: {"pos":1}',
    'data:x',
    'data',
    'event: error',
    'event:',
    ': ping',
    '',
    '',
    'id: 7',
    'other: y',
  );

  test('are read as eventsource-parser reads them, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (lines, places) => {
          const text = lines.map(([content, end]) => content + end).join('');
          const theirs: string[] = [];
          const parser = createParser({ onEvent: ({ event, data }) => theirs.push(`${event ?? 'message'} ${data}`) });
          parser.feed(text);
          const ours: string[] = [];
          const reader = new SseReader(({ event, data }) => ours.push(`${event} ${data}`));
          for (const chunk of cut(text, places)) reader.feed(chunk);
          expect(ours).toEqual(theirs);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('an event without an end does not fill the memory', () => {
    const reader = new SseReader(() => {});
    expect(() => {
      for (let n = 0; n < 100; n++) reader.feed('data: '.padEnd(65_536, 'x'));
    }).toThrow(RangeError);
    const many = new SseReader(() => {});
    expect(() => {
      for (let n = 0; n < 100; n++) many.feed(`data: ${'x'.repeat(65_536)}\n`);
    }).toThrow(RangeError);
  });
});

describe('a stream in small pieces', () => {
  // The whole rest was searched again for each piece: 200,000 pieces of one event were 20 billion characters.
  test('is read in one go, whatever it is cut into', { timeout: 5000 }, () => {
    const data: string[] = [];
    const reader = new SseReader((event) => data.push(event.data));
    reader.feed('data: ');
    for (let n = 0; n < 200_000; n++) reader.feed('x');
    reader.feed('\r');
    reader.feed('\n\n');
    expect(data.map((one) => one.length)).toEqual([200_000]);
  });
});
