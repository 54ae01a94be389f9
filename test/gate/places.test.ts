// Places: never more cells than the operator allows, round robin over repositories, nobody starves.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Place, createPlaces } from '../../src/gate/tasks/places.ts';

interface Bench {
  readonly turns: string[];
  readonly held: Map<string, Place>;
}
function bench(places: number, waiting = 100): Bench & { places: ReturnType<typeof createPlaces<string>> } {
  const turns: string[] = [];
  const held = new Map<string, Place>();
  const made = createPlaces<string>({ places, waiting }, (waiter, place) => {
    turns.push(waiter);
    held.set(waiter, place);
  });
  return { turns, held, places: made };
}

describe('places', () => {
  test('are given at once while there are any, then tasks wait, then the list is full', () => {
    const { places } = bench(1, 1);
    expect(places.ask('a', 'A')).toBeTypeOf('object');
    expect(places.ask('b', 'A')).toBe('waiting');
    expect(places.ask('c', 'B')).toBe('full');
    expect([places.used(), places.waiting()]).toEqual([1, 1]);
  });

  test('go round robin over repositories, whoever floods', () => {
    const { places, turns, held } = bench(1);
    let place = places.ask('first', 'X') as Place;
    for (const waiter of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) places.ask(waiter, waiter[0]!);
    expect(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'].map((waiter) => places.ahead(waiter))).toEqual([0, 1, 2, 3, 4, 5]);
    for (let n = 0; n < 6; n++) {
      places.release(place);
      place = held.get(turns.at(-1)!)!;
    }
    expect(turns).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  test('of idle cells are used by their own task, or yielded to another one once that cell is gone', async () => {
    const { places } = bench(2);
    const yielded: string[] = [];
    let gone = (): void => undefined;
    const first = places.askIdle(() => {
      yielded.push('first');
      return new Promise<void>((done) => {
        gone = done;
      });
    });
    const second = places.askIdle(async () => void yielded.push('second'));
    expect(places.askIdle(async () => undefined)).toBeNull();
    expect(places.useIdle(second!)).toBe(true);
    const place = places.ask('a', 'A') as Place;
    expect(yielded).toEqual(['first']);
    let free = false;
    void place.free.then(() => (free = true));
    await Promise.resolve();
    expect(free).toBe(false);
    gone();
    await place.free;
    expect(places.useIdle(first!)).toBe(false);
    expect(places.ask('b', 'A')).toBe('waiting');
    expect(places.used()).toBe(2);
  });

  test('are not given to idle cells while a task waits', () => {
    const { places } = bench(1);
    const place = places.ask('a', 'A') as Place;
    places.ask('b', 'A');
    places.release(place);
    expect(places.askIdle(async () => undefined)).toBeNull();
  });

  test('are released once only', () => {
    const { places, turns } = bench(1);
    const place = places.ask('a', 'A') as Place;
    for (const waiter of ['b', 'c']) places.ask(waiter, 'A');
    places.release(place);
    places.release(place);
    expect(turns).toEqual(['b']);
    expect(places.used()).toBe(1);
  });

  test('of who leaves the list go to the next', () => {
    const { places, turns } = bench(1);
    const place = places.ask('a', 'A') as Place;
    for (const waiter of ['b', 'c']) places.ask(waiter, 'A');
    expect([places.leave('b'), places.leave('b')]).toEqual([true, false]);
    places.release(place);
    expect(turns).toEqual(['c']);
  });
});

type Move = { readonly move: 'ask' | 'idle' | 'release' | 'leave'; readonly group: string; readonly pick: number };
const moves = fc.array(
  fc.record({
    move: fc.constantFrom<Move['move'][]>('ask', 'ask', 'ask', 'idle', 'release', 'release', 'leave'),
    group: fc.constantFrom('A', 'B', 'C'),
    pick: fc.nat(),
  }),
  { maxLength: 80 },
);

describe('whatever happens', () => {
  test('there are never more places in use than allowed, and a waiter has its turn as soon as its number is up', () => {
    fc.assert(
      fc.property(moves, fc.integer({ min: 1, max: 4 }), (all, limit) => {
        const { places, turns, held } = bench(limit, 20);
        const idle = new Map<string, Place>();
        const waitingNow = new Set<string>();
        let names = 0;
        for (const { move, group, pick } of all) {
          const before = turns.length;
          if (move === 'ask') {
            const name = `${group}${names++}`;
            const got = places.ask(name, group);
            if (got === 'waiting') waitingNow.add(name);
            else if (got !== 'full') held.set(name, got);
          } else if (move === 'idle') {
            const name = `i${names++}`;
            const place = places.askIdle(async () => void idle.delete(name));
            if (place !== null) idle.set(name, place);
          } else if (move === 'release' && held.size > 0) {
            const name = [...held.keys()][pick % held.size]!;
            const place = held.get(name)!;
            held.delete(name);
            const next = [...waitingNow].find((waiter) => places.ahead(waiter) === 0);
            places.release(place);
            expect(turns[before]).toBe(next);
          } else if (move === 'leave' && waitingNow.size > 0) {
            const name = [...waitingNow][pick % waitingNow.size]!;
            expect(places.leave(name)).toBe(true);
            waitingNow.delete(name);
          }
          for (const waiter of turns.slice(before)) waitingNow.delete(waiter);
          expect(places.used()).toBe(held.size + idle.size);
          expect(places.used()).toBeLessThanOrEqual(limit);
          expect(places.waiting()).toBe(waitingNow.size);
          // Nobody waits while a place is free or an idle cell could yield.
          if (waitingNow.size > 0) expect([places.used(), idle.size]).toEqual([limit, 0]);
          expect([...waitingNow].map((waiter) => places.ahead(waiter)).sort((a, b) => a - b)).toEqual(
            [...waitingNow].map((_waiter, at) => at),
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  test('between two turns of one repository every other one that waits has its own', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('A', 'B', 'C', 'D'), { minLength: 2, maxLength: 40 }), (groups) => {
        const { places, turns, held } = bench(1);
        let place = places.ask('first', 'first') as Place;
        for (const [at, group] of groups.entries()) places.ask(`${group}${at}`, group);
        for (let left = [...groups]; left.length > 0; ) {
          places.release(place);
          const turn = turns.at(-1)!;
          place = held.get(turn)!;
          const earlier = turns.slice(0, -1).findLastIndex((one) => one[0] === turn[0]);
          if (earlier !== -1) {
            const between = new Set(turns.slice(earlier + 1, -1).map((one) => one[0]));
            for (const other of new Set(left)) if (other !== turn[0]) expect(between.has(other)).toBe(true);
          }
          left = left.toSpliced(left.indexOf(turn[0] as 'A'), 1);
        }
        expect(turns).toHaveLength(groups.length);
      }),
    );
  });
});
