// A burst of log and a runner: one that reads loses nothing, one that does not holds nothing back.

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Pacing, createPacing } from '../../src/gate/tasks/pacing.ts';
import { type Relay, createRelay } from '../../src/gate/tasks/relay.ts';
import { type Clock, systemClock } from '../../src/gate/index.ts';

const kept = 65_536;
const lines = (n: number): string[] => Array.from({ length: 50 }, (_, at) => `${n + at}`.padStart(100, '.'));

interface Setting {
  readonly reads?: () => boolean;
  readonly patience?: number;
  readonly budget?: number;
  readonly clock?: Clock;
}

function setting({ reads = () => true, patience = 5_000, budget = 60_000, clock = systemClock }: Setting = {}) {
  const relay = createRelay(kept);
  const pacing = createPacing({ relay, read: reads, clock, bytes: kept / 4, patience, budget });
  return { relay, pacing };
}

/** As a gate reads a cell. @returns how often it waited */
async function burst({ relay, pacing }: { relay: Relay; pacing: Pacing }, batches: number): Promise<number> {
  let waits = 0;
  for (let at = 0; at < batches; at++) {
    relay.log({ k: 'log', n: 1 + at * 50, step: 'default/deploy', lines: lines(1 + at * 50) });
    const pause = pacing.pause();
    if (pause === null) continue;
    waits++;
    await pause;
  }
  return waits;
}

/** As a transport that takes a piece now and then. */
async function reader(relay: Relay, until: number, every: number): Promise<{ seen: number; lost: number }> {
  let log = 0;
  let lost = 0;
  while (log < until) {
    const event = relay.after({ state: 0, log });
    if (event?.k === 'log') {
      lost += event.n - log - 1;
      log = event.n + event.lines.length - 1;
    }
    await sleep(every);
  }
  return { seen: log, lost };
}

describe('a burst of a hundred times what is kept', () => {
  test('reaches a runner that reads without a missing line, however slowly it does', async () => {
    const one = setting();
    const [read, waits] = await Promise.all([reader(one.relay, 10_000, 1), burst(one, 200)]);
    expect(read).toEqual({ seen: 10_000, lost: 0 });
    expect(waits).toBeGreaterThan(10);
  });

  test('is not held up where nobody reads', async () => {
    const one = setting({ reads: () => false });
    expect(await burst(one, 200)).toBe(0);
  });

  test('is held up once by a runner that stopped reading, and not again before it takes something', async () => {
    const one = setting({ patience: 30 });
    expect(await burst(one, 200)).toBe(1);
    one.relay.after({ state: 0, log: 9_000 });
    one.relay.log({ k: 'log', n: 10_001, step: 's', lines: lines(10_001) });
    expect(one.pacing.pause()).not.toBeNull();
  });

  test('is held up no longer than the budget by one that reads a little now and then', async () => {
    let now = 0;
    const one = setting({ budget: 1_000, clock: { now: () => 0, monotonic: () => now } });
    one.relay.onRead(() => (now += 400));
    let log = 0;
    const nibble = setInterval(() => {
      log++;
      one.relay.after({ state: 0, log });
    }, 1);
    try {
      expect(await burst(one, 400)).toBeGreaterThan(0);
      expect(now).toBeGreaterThanOrEqual(1_000);
      expect(one.pacing.pause()).toBeNull();
    } finally {
      clearInterval(nibble);
    }
  });
});
