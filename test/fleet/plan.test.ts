// What a fleet does next: a pure function, first by its rules, then played with everything that can happen.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoff } from '../../src/fleet/backoff.ts';
import { isOwn, newName, prefixOf } from '../../src/fleet/names.ts';
import { type Action, type Look, type PlanTiming, type SeenRunner, plan } from '../../src/fleet/plan.ts';

const timing: PlanTiming = { deadline: 1_000, afterJob: 50, missing: 50 };
const now = 1_000_000;
const runner = (name: string, more: Partial<SeenRunner> = {}): SeenRunner => ({
  name,
  running: true,
  made: now - 10,
  busySince: null,
  doneSince: null,
  missingSince: null,
  ...more,
});
const look = (more: Partial<Look> = {}): Look => ({
  now,
  wanted: { idle: 2, max: 4 },
  stopping: false,
  runners: [],
  registrations: [],
  making: new Set(),
  going: new Set(),
  holdUntil: 0,
  ...more,
});
const does = (more: Partial<Look>): string[] =>
  plan(look(more), timing).map((action) =>
    action.do === 'make' ? 'make' : `${action.do} ${action.name}${'why' in action ? ` ${action.why}` : ''}`,
  );

describe('a fleet', () => {
  test('keeps as many runners waiting as wanted', () => {
    expect(does({})).toEqual(['make', 'make']);
    expect(does({ runners: [runner('a')] })).toEqual(['make']);
    expect(does({ runners: [runner('a'), runner('b')] })).toEqual([]);
    expect(does({ runners: [runner('a')], making: new Set(['b']) })).toEqual([]);
  });

  test('makes one more for each that has a job, up to the most', () => {
    const busy = (name: string): SeenRunner => runner(name, { busySince: now - 5 });
    expect(does({ runners: [busy('a'), runner('b'), runner('c')] })).toEqual([]);
    expect(does({ runners: [busy('a'), busy('b')] })).toEqual(['make', 'make']);
    expect(does({ runners: [busy('a'), busy('b'), busy('c')] })).toEqual(['make']);
    expect(does({ runners: [busy('a'), busy('b'), busy('c'), busy('d')] })).toEqual([]);
  });

  test('counts a container that is going away until it is gone', () => {
    const going = [runner('a'), runner('b'), runner('c'), runner('d')];
    expect(does({ runners: going, going: new Set(['a', 'b', 'c', 'd']) })).toEqual([]);
  });

  test('replaces a runner whose process has ended, at once', () => {
    expect(does({ runners: [runner('a', { running: false }), runner('b')] })).toEqual(['remove a ended', 'make']);
  });

  test('touches no container that is being made, though it does not run yet', () => {
    expect(does({ runners: [runner('a', { running: false }), runner('b')], making: new Set(['a']) })).toEqual([]);
  });

  test('ends a runner that does not end by itself after its job, after a while', () => {
    const done = (ms: number): SeenRunner => runner('a', { busySince: now - 90, doneSince: now - ms });
    expect(does({ wanted: { idle: 0, max: 4 }, runners: [done(49)] })).toEqual([]);
    expect(does({ wanted: { idle: 0, max: 4 }, runners: [done(50)] })).toEqual(['remove a done']);
  });

  test('ends a runner that GitHub lists no more, after a while', () => {
    expect(does({ runners: [runner('a', { missingSince: now - 49 }), runner('b')] })).toEqual([]);
    expect(does({ runners: [runner('a', { missingSince: now - 50 }), runner('b')] })).toEqual([
      'remove a missing',
      'make',
    ]);
  });

  test('ends a job at its deadline', () => {
    const busy = (ms: number): SeenRunner => runner('a', { made: now - 1_500, busySince: now - ms });
    expect(does({ wanted: { idle: 0, max: 4 }, runners: [busy(999)] })).toEqual([]);
    expect(does({ wanted: { idle: 0, max: 4 }, runners: [busy(1_000)] })).toEqual(['remove a deadline']);
  });

  test('asks GitHub before it ends a runner that has waited too long: a job may have come just now', () => {
    expect(does({ runners: [runner('a', { made: now - 1_000 }), runner('b')] })).toEqual(['retire a old', 'make']);
  });

  test('ends whatever is twice as old as anything may be, whoever says what', () => {
    expect(does({ runners: [runner('a', { made: now - 2_000 }), runner('b')] })).toEqual(['remove a deadline', 'make']);
    const renewed = runner('a', { made: now - 2_000, busySince: now - 1 });
    expect(does({ wanted: { idle: 0, max: 4 }, runners: [renewed] })).toEqual(['remove a deadline']);
  });

  test('lets the oldest go when there are too many', () => {
    const runners = [runner('a'), runner('b', { made: now - 20 }), runner('c')];
    expect(does({ runners })).toEqual(['retire b surplus']);
  });

  test('takes away registrations without a container, and none that has one', () => {
    const registrations = ['a', 'b', 'c', 'd'].map((name, id) => ({ id, name }));
    const seen = { runners: [runner('a'), runner('x')], making: new Set(['b']), going: new Set(['c']) };
    expect(does({ ...seen, registrations })).toEqual(['unregister d']);
  });

  test('makes none while it waits after trouble, and still takes away', () => {
    expect(does({ holdUntil: now + 1, runners: [runner('a', { running: false })] })).toEqual(['remove a ended']);
    expect(does({ holdUntil: now, runners: [] })).toEqual(['make', 'make']);
  });

  test('that stops lets those go that wait, keeps those with a job, and makes none', () => {
    const runners = [runner('a'), runner('b', { busySince: now }), runner('c', { running: false })];
    expect(does({ stopping: true, runners })).toEqual(['retire a stopping', 'remove c ended']);
  });
});

describe('a fleet that is played', () => {
  interface Played {
    runner: SeenRunner;
    registered: boolean;
    jobs: number;
  }
  const happenings = fc.array(
    fc.record({
      what: fc.constantFrom('job', 'end', 'crash', 'unlisted', 'gate killed', 'wait', 'session closed', 'trouble'),
      pick: fc.nat(20),
      ms: fc.nat(400),
    }),
    { maxLength: 80 },
  );

  test('never has more than the most, gives no runner a second job, and comes back to what is wanted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 4 }), happenings, (idle, more, all) => {
        const wanted = { idle, max: idle + more };
        const runners = new Map<string, Played>();
        const registrations = new Map<number, string>();
        let time = now;
        let made = 0;
        let holdUntil = 0;
        let peak = 0;

        function act(action: Action): void {
          if (action.do === 'make') {
            const name = `r${made++}`;
            registrations.set(made, name);
            runners.set(name, { runner: runner(name, { made: time }), registered: true, jobs: 0 });
          } else if (action.do === 'unregister') {
            expect(runners.has(action.name)).toBe(false);
            registrations.delete(action.id);
          } else {
            const played = runners.get(action.name)!;
            // GitHub keeps a runner with a job: nobody who was only waiting loses one.
            if (action.do === 'retire') expect(played.runner.busySince).toBeNull();
            runners.delete(action.name);
            for (const [id, name] of registrations) if (name === action.name) registrations.delete(id);
          }
        }
        function step(): void {
          const seen: Look = look({
            now: time,
            wanted,
            runners: [...runners.values()].map((one) => one.runner),
            registrations: [...registrations].map(([id, name]) => ({ id, name })),
            holdUntil,
          });
          for (const action of plan(seen, timing)) act(action);
          peak = Math.max(peak, runners.size);
          expect(runners.size).toBeLessThanOrEqual(wanted.max);
        }

        step();
        for (const { what, pick, ms } of all) {
          const chosen = [...runners.values()][pick % Math.max(1, runners.size)];
          const change = (to: Partial<SeenRunner>): void => {
            if (chosen !== undefined) chosen.runner = { ...chosen.runner, ...to };
          };
          if (what === 'job' && chosen?.runner.running === true && chosen.jobs === 0) {
            chosen.jobs++;
            change({ busySince: time });
          } else if (what === 'end' || what === 'crash') {
            change({ running: false });
            if (what === 'end')
              for (const [id, name] of registrations) if (name === chosen?.runner.name) registrations.delete(id);
          } else if (what === 'unlisted') change({ missingSince: time });
          else if (what === 'session closed' && chosen?.runner.busySince !== null) change({ doneSince: time });
          else if (what === 'gate killed')
            for (const one of runners.values())
              one.runner = { ...one.runner, busySince: null, doneSince: null, missingSince: null };
          else if (what === 'trouble') holdUntil = time + ms;
          time += ms;
          step();
        }
        // All jobs come to an end, all trouble passes.
        for (const one of runners.values())
          if (one.runner.busySince !== null) one.runner = { ...one.runner, running: false };
        time = Math.max(time, holdUntil) + 1;
        for (let rest = 0; rest < 6; rest++, time += timing.missing) step();
        // Who has waited too long just now goes at one look, and is replaced at the next.
        step();
        step();
        const waiting = [...runners.values()].filter((one) => one.runner.running && one.runner.busySince === null);
        expect(waiting).toHaveLength(idle);
        expect(runners.size).toBe(idle);
        expect(registrations.size).toBe(idle);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the wait after trouble', () => {
  test('doubles up to its most, and is never the whole world at once', () => {
    const limits = { first: 1_000, most: 300_000 };
    expect([1, 2, 3, 20, 5_000].map((failures) => backoff(failures, limits, 1))).toEqual([
      1_000, 2_000, 4_000, 300_000, 300_000,
    ]);
    expect([1, 2, 20].map((failures) => backoff(failures, limits, 0))).toEqual([500, 1_000, 150_000]);
  });
});

describe("a runner's name", () => {
  const prefix = prefixOf('0123456789abcdef0123456789abcdef');

  test('is its installation and a part that nobody can guess', () => {
    const name = newName(prefix);
    expect(name).toMatch(/^airlock-0123456789ab-[0-9a-f]{16}$/);
    expect(isOwn(prefix, name)).toBe(true);
    expect(newName(prefix)).not.toBe(name);
  });

  test.for([
    'airlock-0123456789ab-',
    'airlock-0123456789ab-0123',
    'airlock-0123456789ac-0123456789abcdef',
    'airlock-0123456789ab-0123456789ABCDEF',
    'airlock-0123456789ab-0123456789abcdef/../x',
  ])('is not %s', (name) => {
    expect(isOwn(prefix, name)).toBe(false);
  });
});
