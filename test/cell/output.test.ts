import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Output, type Result, type Snapshot } from '../../src/cell/output.ts';
import { type CellEvent, maxEventBytes, parseCellEvent } from '../../src/protocol/index.ts';

/** A stdout whose reader reads only while `reading`. */
class Reader extends Writable {
  text = '';
  reading = true;
  #waiting: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.reading) {
      this.#waiting = () => {
        this.text += chunk.toString('utf8');
        done();
      };
      return;
    }
    this.text += chunk.toString('utf8');
    done();
  }

  read(): void {
    this.reading = true;
    this.#waiting?.();
  }

  events(): readonly CellEvent[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => parseCellEvent(JSON.parse(line)));
  }
}

const snapshot = (status: string, steps = 0): Snapshot => ({
  phase: 'running',
  build: { number: 7, url: '', status, commit: 'a'.repeat(40), ref: 'refs/heads/main' },
  stages: [
    {
      number: 1,
      name: 'default',
      status,
      started: 1,
      stopped: 0,
      steps: Array.from({ length: steps }, (_, index) => ({
        number: index + 1,
        name: 'x'.repeat(200),
        status,
        exitCode: 0,
        started: 0,
        stopped: 0,
      })),
    },
  ],
});
const result: Result = {
  verdict: 'success',
  code: 'ok',
  message: 'done',
  outputs: { number: '7', url: '', status: 'success', commit: '', started: '', finished: '' },
};
const numbers = (events: readonly CellEvent[], kind: 'log' | 'state'): readonly number[] =>
  events.filter((event) => (kind === 'log' ? event.k === 'log' : event.k !== 'log')).map((event) => event.n);
const linesOf = (events: readonly CellEvent[]): readonly string[] =>
  events.flatMap((event) => (event.k === 'log' ? event.lines : []));
const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 60);
  });

describe('events', () => {
  test('lines go out in batches of up to 50, numbered by their first', () => {
    const reader = new Reader();
    const output = new Output(reader);
    for (let n = 1; n <= 120; n++) output.line('default/a', `line ${n}`);
    output.flush();
    const events = reader.events();
    expect(numbers(events, 'log')).toEqual([1, 51, 101]);
    expect(linesOf(events).length).toBe(120);
  });

  test('another step begins another batch', () => {
    const reader = new Reader();
    const output = new Output(reader);
    output.line('default/a', '1');
    output.line('default/b', '2');
    output.line('default/a', '3');
    output.flush();
    expect(reader.events()).toMatchObject([
      { n: 1, step: 'default/a', lines: ['1'] },
      { n: 2, step: 'default/b', lines: ['2'] },
      { n: 3, step: 'default/a', lines: ['3'] },
    ]);
  });

  test('a single line goes out by itself', async () => {
    const reader = new Reader();
    new Output(reader).line('default/a', 'alone');
    expect(reader.events()).toEqual([]);
    await settle();
    expect(linesOf(reader.events())).toEqual(['alone']);
  });

  test('an event of the longest lines stays below its limit, whatever they hold', () => {
    const reader = new Reader();
    const output = new Output(reader);
    for (let n = 0; n < 100; n++) output.line('default/a', '\u0000'.repeat(65_536));
    output.flush();
    const longest = Math.max(...reader.text.split('\n').map((line) => Buffer.byteLength(line)));
    expect(longest).toBeLessThan(maxEventBytes);
    expect(linesOf(reader.events()).length).toBe(100);
  });

  test('states and the result are numbered together, one by one', () => {
    const reader = new Reader();
    const output = new Output(reader);
    output.state(snapshot('pending'));
    output.state(snapshot('running'));
    output.result(result);
    expect(numbers(reader.events(), 'state')).toEqual([1, 2, 3]);
  });

  test('a snapshot that says nothing new is not sent', () => {
    const reader = new Reader();
    const output = new Output(reader);
    output.state(snapshot('running'));
    output.state(snapshot('running'));
    expect(reader.events().length).toBe(1);
  });

  test('every line goes before the result, and nothing after it', async () => {
    const reader = new Reader();
    const output = new Output(reader);
    output.line('default/a', 'last');
    output.result(result);
    output.line('default/a', 'late');
    output.state(snapshot('late'));
    output.result(result);
    await settle();
    expect(reader.events().map((event) => event.k)).toEqual(['log', 'result']);
  });
});

describe('when nobody reads', () => {
  test('memory stays bounded, log events are dropped and their numbers go on, state and result come through', async () => {
    const reader = new Reader();
    const output = new Output(reader);
    reader.reading = false;
    for (let n = 0; n < 100_000; n++) {
      output.line('default/a', 'x'.repeat(200));
      if (n % 1000 === 0) output.state(snapshot(`state ${n}`));
    }
    expect(reader.writableLength).toBeLessThan(4_500_000);
    output.result(result);
    reader.read();
    await settle();
    const events = reader.events();
    const logs = numbers(events, 'log');
    expect(logs[0]).toBe(1);
    expect(linesOf(events).length).toBeLessThan(100_000);
    const states = numbers(events, 'state');
    expect(states).toEqual(states.map((_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ k: 'result', verdict: 'success' });
    // The last snapshot before the result is the newest one.
    expect(events.findLast((event) => event.k === 'state')).toMatchObject({ build: { status: 'state 99000' } });
  });

  test('when it is read again, the newest state is sent', async () => {
    const reader = new Reader();
    const output = new Output(reader);
    reader.reading = false;
    for (let n = 0; n < 40_000; n++) output.line('default/a', 'x'.repeat(200));
    output.state(snapshot('one'));
    output.state(snapshot('two'));
    reader.read();
    await settle();
    expect(reader.events().findLast((event) => event.k === 'state')).toMatchObject({ build: { status: 'two' } });
  });

  test('a writer that asks for room is kept waiting, but no longer than its patience, and that once', async () => {
    const reader = new Reader();
    const output = new Output(reader);
    const signal = new AbortController().signal;
    await output.room(signal, 1_000_000);
    reader.reading = false;
    for (let n = 0; n < 10_000; n++) output.line('default/a', 'x'.repeat(200));
    const began = Date.now();
    await output.room(signal, 120);
    expect(Date.now() - began).toBeGreaterThanOrEqual(100);
    const again = Date.now();
    for (let n = 0; n < 50; n++) await output.room(signal, 120);
    expect(Date.now() - again).toBeLessThan(1000);
    reader.read();
    await output.room(signal, 1_000_000);
  });

  test('a writer that gives up is let go', async () => {
    const reader = new Reader();
    const output = new Output(reader);
    reader.reading = false;
    for (let n = 0; n < 10_000; n++) output.line('default/a', 'x'.repeat(200));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    await output.room(controller.signal, 1_000_000);
  });

  test('a stdout that is gone for good ends nothing', () => {
    const reader = new Reader();
    const output = new Output(reader);
    reader.destroy(new Error('EPIPE'));
    output.line('default/a', 'x');
    output.result(result);
  });
});

describe('resume', () => {
  function filled(): { reader: Reader; output: Output } {
    const reader = new Reader();
    const output = new Output(reader);
    output.state(snapshot('pending'));
    for (let n = 1; n <= 60; n++) output.line('default/a', `line ${n}`);
    output.flush();
    output.state(snapshot('running'));
    reader.text = '';
    return { reader, output };
  }

  test('repeats every later state and every later line, the log first', () => {
    const { reader, output } = filled();
    output.result(result);
    reader.text = '';
    output.resume({ state: 1, log: 40 });
    const events = reader.events();
    expect(events.map((event) => event.k)).toEqual(['log', 'log', 'state', 'result']);
    expect(events[0]).toMatchObject({ n: 41 });
    expect(linesOf(events)).toEqual(Array.from({ length: 20 }, (_, index) => `line ${index + 41}`));
    expect(numbers(events, 'state')).toEqual([2, 3]);
  });

  test('repeats nothing that was seen', () => {
    const { reader, output } = filled();
    output.resume({ state: 2, log: 60 });
    expect(reader.events()).toEqual([]);
  });

  test('goes on with the numbers of before', () => {
    const { reader, output } = filled();
    output.resume({ state: 0, log: 0 });
    reader.text = '';
    output.line('default/a', 'next');
    output.state(snapshot('success'));
    output.flush();
    expect(reader.events()).toMatchObject([
      { k: 'state', n: 3 },
      { k: 'log', n: 61 },
    ]);
  });

  test('of the log the last 1 MiB comes back, and the gap before it shows', () => {
    const reader = new Reader();
    const output = new Output(reader);
    for (let n = 1; n <= 20_000; n++) output.line('default/a', 'x'.repeat(200));
    output.flush();
    reader.text = '';
    output.resume({ state: 0, log: 0 });
    const events = reader.events();
    expect(Buffer.byteLength(reader.text)).toBeLessThanOrEqual(1_048_576);
    expect(numbers(events, 'log')[0]).toBeGreaterThan(10_000);
    expect(
      (numbers(events, 'log').at(-1) ?? 0) +
        (events.at(-1)?.k === 'log' ? linesOf([events.at(-1) as CellEvent]).length : 0),
    ).toBe(20_001);
  });

  test('of hundreds of large states every number comes back, the newest whole', () => {
    const reader = new Reader();
    const output = new Output(reader);
    for (let n = 1; n <= 100; n++) output.state(snapshot(`state ${n}`, 500));
    reader.text = '';
    output.resume({ state: 0, log: 0 });
    const events = reader.events();
    expect(numbers(events, 'state')).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(Buffer.byteLength(reader.text)).toBeLessThan(3_000_000);
    const last = events.at(-1);
    expect(last?.k === 'state' && last.stages[0]?.steps.length).toBe(500);
  });
});
