// A cell that is read anew repeats what was missed, and goes on speaking meanwhile.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { watchCell } from '../../src/gate/tasks/watch.ts';
import type { CellEvent, LogEvent } from '../../src/protocol/index.ts';
import { result, state } from '../fakes/cells.ts';

const text = (event: object): string => JSON.stringify(event);
const log = (n: number, count: number): LogEvent => ({
  k: 'log',
  n,
  step: 's',
  lines: Array.from({ length: count }, (_, at) => `line ${n + at}`),
});

/** What a cell repeats: the log first, since a result ends the reading. */
function repeated(said: readonly CellEvent[], from: { state: number; log: number }): CellEvent[] {
  const logs = said.flatMap((event) => {
    if (event.k !== 'log') return [];
    const skip = Math.max(0, from.log + 1 - event.n);
    return skip >= event.lines.length ? [] : [{ ...event, n: event.n + skip, lines: event.lines.slice(skip) }];
  });
  return [...logs, ...said.filter((event) => event.k !== 'log' && event.n > from.state)];
}

/** A whole report: states and logs numbered apart, a result at the end. */
const reports = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 })), { maxLength: 20 }).map((parts) => {
  const said: CellEvent[] = [state(1)];
  let [states, lines] = [1, 0];
  for (const count of parts) {
    if (count === 0) said.push(state(++states));
    else said.push(log(lines + 1, count));
    lines += count;
  }
  said.push(result(states + 1) as CellEvent);
  return said;
});

interface Heard {
  readonly states: number[];
  readonly lines: Set<string>;
}
function heardOf(events: readonly CellEvent[]): Heard {
  return {
    states: events.flatMap((event) => (event.k === 'log' ? [] : [event.n])),
    lines: new Set(events.flatMap((event) => (event.k === 'log' ? event.lines : []))),
  };
}

describe('a cell that is read anew', () => {
  test('is believed whatever was on the way: no state twice or missing, and every line', () => {
    fc.assert(
      fc.property(reports, fc.nat(), fc.nat(), fc.nat(), (said, a, b, c) => {
        const cuts = [a, b, c].map((cut) => cut % said.length).sort((x, y) => x - y);
        const [lost, back, asked] = [cuts[0] ?? 0, cuts[1] ?? 0, cuts[2] ?? 0];
        const watch = watchCell();
        const heard = said.slice(0, lost).flatMap((event) => [...watch.read(text(event))]);
        const from = watch.resume();
        // Unread: [lost, back). On the way before the repetition: [back, asked). Then the rest.
        const half = lost < back ? [text(said[back - 1] ?? {}).slice(7)] : [];
        const lines = [
          ...half,
          ...said.slice(back, asked).map(text),
          ...repeated(said.slice(0, asked), from).map(text),
          ...said.slice(asked).map(text),
        ];
        for (const line of lines) heard.push(...watch.read(line));
        const { states, lines: all } = heardOf(heard);
        const whole = heardOf(said);
        expect(states).toEqual(whole.states);
        expect(all).toEqual(whole.lines);
      }),
      { numRuns: 500 },
    );
  });

  test('still ends as misbehaved for a state that is missing after the repetition, and for a second broken line', () => {
    const watch = watchCell();
    watch.read(text(state(1)));
    expect(watch.resume()).toEqual({ state: 0, log: 0 });
    expect(watch.read('broken')).toEqual([]);
    expect(watch.read(text(state(1)))).toEqual([]);
    expect(() => watch.read(text(state(3)))).toThrow('state event 3 came after 1');
    const other = watchCell();
    other.resume();
    expect(other.read('"k":"log"}')).toEqual([]);
    expect(() => other.read('broken')).toThrow('a line is not JSON');
  });

  test('is not believed about another build than the one that the ledger knows', () => {
    const build = { number: 8, url: '', status: 'running', commit: '', ref: '' };
    expect(() => watchCell(7).read(text(state(1, { build })))).toThrow('the build changed from 7 to 8');
    expect(watchCell(8).read(text(state(1, { build })))).toHaveLength(1);
  });
});
