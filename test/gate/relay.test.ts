// What waits for a runner, and how it is read: bounded memory, states complete, log lines in order or visibly missing.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultTiming } from '../../src/gate/index.ts';
import { createLogRing } from '../../src/gate/tasks/log-ring.ts';
import { type Position, type Relay, createRelay } from '../../src/gate/tasks/relay.ts';
import { createStates } from '../../src/gate/tasks/states.ts';
import { streamEvents } from '../../src/gate/tasks/stream.ts';
import {
  type Event,
  type LogEvent,
  type ResultEvent,
  type StateEvent,
  type StepState,
  parseEvent,
} from '../../src/protocol/index.ts';
import { build, result, state } from '../fakes/cells.ts';

const log = (n: number, lines: readonly string[], step = 'default/deploy'): LogEvent => ({ k: 'log', n, step, lines });
const end = (n: number): ResultEvent => result(n) as ResultEvent;
const timing = { ...defaultTiming, stream: 300, ping: 100 };

function drain(relay: Relay, from: Position = { state: 0, log: 0 }): Event[] {
  const events: Event[] = [];
  let { state: seen, log: line } = from;
  for (
    let event = relay.after({ state: seen, log: line });
    event !== null;
    event = relay.after({ state: seen, log: line })
  ) {
    if (event.k === 'log') line = event.n + event.lines.length - 1;
    else seen = event.n;
    events.push(event);
  }
  return events;
}

async function read(
  relay: Relay,
  from: Position = { state: 0, log: 0 },
  gone = new AbortController(),
): Promise<Event[]> {
  const events: Event[] = [];
  const source = { relay, ping: (): Event => ({ k: 'ping' }), turn: () => null };
  for await (const piece of streamEvents(source, from, timing, gone.signal))
    for (const line of piece.split('\n').slice(0, -1)) events.push(parseEvent(JSON.parse(line)));
  return events;
}

describe('a relay', () => {
  test('gives states and lines in the order of the cell, then the result, and nothing after it', () => {
    const relay = createRelay(1_000_000);
    relay.state(state(1));
    relay.log(log(1, ['a', 'b']));
    relay.state(state(2));
    relay.log(log(3, ['c']));
    relay.result(end(3));
    relay.log(log(4, ['late']));
    relay.state(state(4));
    relay.result(end(9));
    expect(drain(relay).map((event) => [event.k, 'n' in event && event.n])).toEqual([
      ['state', 1],
      ['log', 1],
      ['state', 2],
      ['log', 3],
      ['result', 3],
    ]);
    expect(relay.ended()).toMatchObject({ n: 3 });
  });

  test('goes on from any number that a reader has seen, in the middle of a batch too', () => {
    const relay = createRelay(1_000_000);
    relay.log(log(1, ['1', '2', '3', '4']));
    relay.state(state(1));
    expect(drain(relay, { state: 0, log: 2 })).toMatchObject([{ k: 'log', n: 3, lines: ['3', '4'] }, { k: 'state' }]);
    expect(drain(relay, { state: 1, log: 4 })).toEqual([]);
    expect(drain(relay, { state: 999, log: 999_999 })).toEqual([]);
  });

  test('leaves out lines that a resumed cell repeats', () => {
    const relay = createRelay(1_000_000);
    relay.log(log(1, ['1', '2']));
    relay.log(log(1, ['1', '2']));
    relay.log(log(2, ['2', '3']));
    expect(drain(relay).flatMap((event) => (event.k === 'log' ? event.lines : []))).toEqual(['1', '2', '3']);
  });

  test('stands in for states that it had to forget, so that a hook that counts misses none', () => {
    const relay = createRelay(1_000_000);
    const stages = Array.from({ length: 50 }, (_none, number) => ({
      number,
      name: 'default',
      status: 'running',
      started: 1,
      stopped: 0,
      steps: [],
    }));
    for (let n = 1; n <= 40; n++) relay.state(state(n, { stages }));
    relay.result(end(41));
    const events = drain(relay);
    expect(events.map((event) => 'n' in event && event.n)).toEqual(Array.from({ length: 41 }, (_none, at) => at + 1));
    expect(events.at(-1)).toMatchObject({ k: 'result' });
  });
});

describe('the states', () => {
  const step = (more: object) => ({
    number: 1,
    name: 'deploy',
    status: 'failure',
    exitCode: 1,
    started: 1,
    stopped: 1,
    ...more,
  });
  /** How many of a hundred events are kept as they were; what stands in for the others is the oldest that is left. */
  function kept(more: Partial<StateEvent>): number {
    const states = createStates();
    for (let n = 1; n <= 100; n++) states.add(state(n, { ...more, note: `${n}${more.note ?? ''}` }), n);
    const notes = Array.from({ length: 100 }, (_none, at) => states.after(at)?.event.note);
    expect(notes.at(-1)).toBe(`100${more.note ?? ''}`);
    return new Set(notes).size;
  }
  const stage = (steps: readonly StepState[], more: object = {}) => ({
    number: 1,
    name: 'default',
    status: 'running',
    started: 1,
    stopped: 0,
    steps,
    ...more,
  });

  test('are kept by their size: many small ones', () => {
    expect(kept({})).toBeGreaterThan(50);
    expect(kept({ stages: [stage([step({})])] })).toBeGreaterThan(30);
  });

  const long = 'x'.repeat(8_000);
  test.for<[string, Partial<StateEvent>]>([
    ['the name of a step', { stages: [stage([step({ name: long })])] }],
    ['the error of a step', { stages: [stage([step({ error: long })])] }],
    ['the name of a stage', { stages: [stage([], { name: long })] }],
    ['the error of a stage', { stages: [stage([], { error: long })] }],
    ['a note', { note: long }],
    ['the address of a build', { build: { ...build(7), url: long } }],
    ['the ref of a build', { build: { ...build(7), ref: long } }],
  ])('are kept by their size: few with a long text, which is %s', ([, more]) => {
    expect(kept(more)).toBeLessThanOrEqual(4);
  });
});

describe('the log ring', () => {
  test('never holds more than its bytes, keeps the newest lines, and shows the gap by numbers', () => {
    const ring = createLogRing(65_536);
    for (let n = 1; n <= 20_000; n += 50)
      ring.add(
        log(
          n,
          Array.from({ length: 50 }, (_none, at) => `line ${n + at} ${'x'.repeat(80)}`),
        ),
        n,
      );
    expect(ring.bytes()).toBeLessThanOrEqual(65_536);
    expect(ring.bytes()).toBeGreaterThan(32_768);
    const first = ring.after(0)!.event;
    expect(first.n).toBeGreaterThan(19_000);
    expect(first.lines[0]).toBe(`line ${first.n} ${'x'.repeat(80)}`);
    expect(ring.after(19_999)!.event).toMatchObject({ n: 20_000, lines: [`line 20000 ${'x'.repeat(80)}`] });
    expect(ring.after(20_000)).toBeNull();
  });

  test('splits a batch of the longest lines instead of dropping it whole', () => {
    const ring = createLogRing(262_144);
    ring.add(
      log(
        1,
        Array.from({ length: 50 }, (_none, at) => String(at).padEnd(65_536, '.')),
      ),
      1,
    );
    expect(ring.bytes()).toBeLessThanOrEqual(262_144);
    expect(ring.after(0)!.event).toMatchObject({ n: 48 });
    expect(ring.after(49)!.event.lines[0]).toMatch(/^49\./);
  });

  test('gives every kept line exactly once, whatever the batches and the reader', () => {
    const batches = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 5 }), fc.nat(2_000)), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(batches, fc.nat(30), (all, jump) => {
        const ring = createLogRing(20_000);
        let next = 1;
        for (const [size, gap, width] of all) {
          next += gap;
          ring.add(
            log(
              next,
              Array.from({ length: size }, (_none, at) => `${next + at}:${'x'.repeat(width)}`),
            ),
            next,
          );
          next += size;
        }
        const seen: number[] = [];
        for (let at = jump, got = ring.after(at); got !== null; got = ring.after(at)) {
          expect(got.event.n).toBeGreaterThan(at);
          for (const [index, line] of got.event.lines.entries()) {
            expect(Number(line.split(':')[0])).toBe(got.event.n + index);
            seen.push(got.event.n + index);
          }
          at = seen.at(-1)!;
        }
        expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
        if (all.length > 0 && jump < next - 1) expect(seen.at(-1)).toBe(next - 1);
      }),
    );
  });
});

describe('an event stream', () => {
  test('begins with a ping, pings again, and ends by itself while nothing happens', async () => {
    const events = await read(createRelay(1_000));
    expect(events.length).toBeGreaterThanOrEqual(2);
    expect(new Set(events.map(({ k }) => k))).toEqual(new Set(['ping']));
  });

  test('tells at once what happens while it is read, and ends after the result', async () => {
    const relay = createRelay(1_000);
    const reading = read(relay);
    await Promise.resolve();
    relay.state(state(1));
    relay.log(log(1, ['a']));
    relay.result(end(2));
    const events = await reading;
    expect(events.filter(({ k }) => k !== 'ping').map(({ k }) => k)).toEqual(['state', 'log', 'result']);
  });

  test('ends at once for a reader that has the result already', async () => {
    const relay = createRelay(1_000);
    relay.state(state(1));
    relay.result(end(2));
    expect(await read(relay, { state: 2, log: 0 })).toEqual([{ k: 'ping' }]);
  });

  test('goes on behind what the runner has seen of cells that an older gate heard, whoever ends the task', async () => {
    for (const known of [{ state: 0, log: 0 }, null]) {
      const relay = createRelay(1_000, known);
      relay.result(end(1));
      expect((await read(relay, { state: 7, log: 3 })).at(-1)).toEqual({ ...end(1), n: 8 });
      expect(await read(relay, { state: 8, log: 3 })).toEqual([{ k: 'ping' }]);
    }
    const replaced = createRelay(1_000);
    replaced.replace();
    expect(replaced.shift()).toBe(null);
    replaced.state(replaced.renumber(state(1)));
    replaced.log(replaced.renumber(log(1, ['a'])));
    replaced.result(replaced.renumber(end(2)));
    const events = await read(replaced, { state: 4, log: 9 });
    expect(events.slice(1)).toEqual([
      { ...state(1), n: 5 },
      { ...log(1, ['a']), n: 10 },
      { ...end(2), n: 6 },
    ]);
    expect(replaced.shift()).toEqual({ state: 4, log: 9 });
  });

  test('numbers a replacement behind the cell that was lost', async () => {
    const relay = createRelay(1_000, { state: 10, log: 100 });
    relay.state(state(1));
    relay.log(log(1, ['a', 'b']));
    relay.replace();
    expect(relay.shift()).toEqual({ state: 11, log: 102 });
    relay.state(relay.renumber(state(1)));
    relay.log(relay.renumber(log(1, ['a'])));
    relay.result(relay.renumber(end(2)));
    const events = await read(relay, { state: 10, log: 100 });
    expect(events.slice(1).map((event) => [event.k, 'n' in event ? event.n : 0])).toEqual([
      ['state', 11],
      ['log', 101],
      ['state', 12],
      ['log', 103],
      ['result', 13],
    ]);
  });

  test('tells each reader the notices of the gate, new ones as they come', async () => {
    const relay = createRelay(1_000);
    const notices = ['one'];
    const source = { relay, ping: (): Event => ({ k: 'ping' }), turn: () => null, notices: () => notices };
    const pieces = streamEvents(source, { state: 0, log: 0 }, timing, new AbortController().signal);
    const read = async (): Promise<unknown[]> =>
      String((await pieces.next()).value)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
    expect(await read()).toEqual([{ k: 'ping' }, { k: 'notice', message: 'one' }]);
    notices.push('two');
    relay.wake();
    // The first one that is handed over comes with a ping, a later one perhaps: a busy machine is slow.
    expect((await read()).filter((event) => (event as Event).k !== 'ping')).toEqual([{ k: 'notice', message: 'two' }]);
  });

  test('ends as soon as the reader is gone', async () => {
    const gone = new AbortController();
    const reading = read(createRelay(1_000), undefined, gone);
    gone.abort();
    expect((await reading).length).toBeLessThanOrEqual(1);
  });

  test('tells a turn once, and again to each new reader while it lasts', async () => {
    const relay = createRelay(1_000);
    let open = true;
    const source = {
      relay,
      ping: (): Event => ({ k: 'ping', ahead: 0 }),
      turn: (): Event | null => (open ? { k: 'turn' } : null),
    };
    const turns = async (): Promise<number> => {
      let text = '';
      for await (const piece of streamEvents(source, { state: 0, log: 0 }, timing, new AbortController().signal))
        text += piece;
      return text.split('\n').filter((line) => line === '{"k":"turn"}').length;
    };
    expect([await turns(), await turns()]).toEqual([1, 1]);
    open = false;
    expect(await turns()).toBe(0);
  });
});
