// A stdout that nobody reads: a stuck attach stops neither the follow nor the result, and fills no memory.

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DroneScenario } from '../../src/try/drone/index.ts';
import { sim, slug } from '../drone/sim.ts';
import { buildScript, linesOf, orderFor, startCell } from './cells.ts';

let script = '';
beforeAll(async () => {
  script = await buildScript();
});

/** Resident memory of a process in MiB. */
const memoryOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

const flood = (steps: number, lines: number): DroneScenario => ({
  stages: [
    {
      name: 'default',
      steps: Array.from({ length: steps }, (_, index) => ({
        name: `step-${index}`,
        lines: [`${'x'.repeat(99)}\n`.repeat(lines)],
        ms: 50,
      })),
    },
  ],
  pendingMs: 10,
});

describe('a stdout that nobody reads', () => {
  test('stops nothing and fills no memory; states and result come when it is read', { timeout: 60_000 }, async () => {
    // Six times 4 MB of log.
    const drone = await sim(flood(6, 40_000));
    const cell = startCell(script, { reads: false });
    cell.send(orderFor(drone.url));
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, memoryOf(cell.pid));
    }, 50);
    // Every log is asked for although none can be written.
    await expect
      .poll(() => drone.requests.filter(({ path }) => path.endsWith('/logs/1/6')).length, {
        timeout: 50_000,
        interval: 100,
      })
      .toBeGreaterThan(0);
    clearInterval(watch);
    expect(drone.builds(slug)[0]?.status).toBe('success');
    cell.read();
    const result = await cell.result();
    expect(result).toMatchObject({ verdict: 'success' });
    const states = cell.events.filter((event) => event.k !== 'log').map((event) => event.n);
    expect(states).toEqual(states.map((_, index) => index + 1));
    const numbers = cell.events.flatMap((event) =>
      event.k === 'log' ? event.lines.map((_, index) => event.n + index) : [],
    );
    expect(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0))).toBe(true);
    // Lines were lost, and their numbers tell how many.
    expect(numbers.length).toBeLessThan(240_000);
    expect(numbers.at(-1)).toBeGreaterThan(numbers.length);
    expect(most).toBeLessThan(200);
    cell.send({ end: true });
    expect(await cell.exit).toBe(0);
  });

  test('a reader that is only slow loses nothing', { timeout: 60_000 }, async () => {
    const drone = await sim(flood(3, 30_000));
    const cell = startCell(script, { reads: false });
    cell.send(orderFor(drone.url));
    await expect
      .poll(() => drone.requests.filter(({ path }) => path.endsWith('/logs/1/1')).length, {
        timeout: 30_000,
        interval: 20,
      })
      .toBeGreaterThan(0);
    // Long enough for the pipe and the buffer to be full, shorter than the cell's patience.
    await new Promise((resolve) => {
      setTimeout(resolve, 1000);
    });
    cell.read();
    await cell.result();
    expect(linesOf(cell.events).length).toBe(90_000);
  });

  test('resume brings the end of the log back', { timeout: 60_000 }, async () => {
    const drone = await sim(flood(2, 40_000));
    const cell = startCell(script);
    cell.send(orderFor(drone.url));
    const result = await cell.result();
    const last =
      cell.events.flatMap((event) => (event.k === 'log' ? [event.n + event.lines.length - 1] : [])).at(-1) ?? 0;
    expect(last).toBe(80_000);
    cell.events.length = 0;
    cell.send({ resume: { state: result.n - 1, log: last - 100 } });
    expect(await cell.result()).toEqual(result);
    expect(linesOf(cell.events).length).toBe(100);
  });
});
