// A gate never waits for a runner, and a cell for nobody: whoever reads slowly loses log lines, which their numbers show,
// and never a state, the result, or another runner's time. What the gate holds stays within a bound all the while.

import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/protocol/index.ts';
import { until } from '../e2e/support/world.ts';
import { call, readEvents } from '../gate/support/http.ts';
import { type FloodingDrone, floodLines, startFloodingDrone } from './support/flooding-drone.ts';
import type { Memory } from './support/gate-process.ts';
import { type World, startWorld } from './support/world.ts';

const mebi = 1_048_576;
/** An idle gate holds about 12 MiB; the log that passes through it is 64 MiB and more. */
const bound = 40 * mebi;
/** A cell is a node process of about 50 MiB; a container gives it 256. */
const cellBound = 256 * mebi;

let drone: FloodingDrone;
let world: World;
beforeAll(async () => {
  drone = await startFloodingDrone();
  world = await startWorld({ drone: drone.url });
}, 60_000);
afterAll(async () => {
  await world.close();
  await drone.close();
});
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Asks for a task's events and reads `bytes` of them each second. */
function slowReader(task: string, bytes: number): void {
  const socket = connect(world.socket('runner-1'));
  closing.push(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.write(`GET /v1/tasks/${task}/events?state=0&log=0 HTTP/1.1\r\nhost: gate\r\n\r\n`);
  // A socket that flows buffers for itself: paused, and read from by the byte, it does not.
  socket.pause();
  const timer = setInterval(() => bytes > 0 && socket.read(bytes), 1_000);
  closing.push(() => clearInterval(timer));
}

const lines = (events: readonly Event[]): number =>
  events.reduce((sum, event) => sum + (event.k === 'log' ? event.lines.length : 0), 0);

/** The rest of a task's events, over as many streams as it takes. */
async function whole(task: string): Promise<Event[]> {
  const events: Event[] = [];
  let [state, log] = [0, 0];
  while (events.at(-1)?.k !== 'result') {
    const reader = readEvents(world.socket('runner-1'), task, `state=${state}&log=${log}`);
    await reader.ended;
    for (const event of reader.events) {
      events.push(event);
      if (event.k === 'log') log = event.n + event.lines.length - 1;
      else if (event.k === 'state' || event.k === 'result') state = event.n;
    }
  }
  return events;
}

const withinBound = 'within the bound';
const toldMemory = ({ most, rss }: Memory): string =>
  most < bound ? withinBound : `${Math.round(most / mebi)} MiB held, ${Math.round(rss / mebi)} MiB resident`;

describe.each([
  ['reads nothing', 0],
  ['reads one byte a second', 1],
])('a runner that %s of a log of 64 lines of 1 MiB', (_, bytes) => {
  it('holds up neither the build nor the other runner, and costs the gate no memory', async () => {
    const task = await world.task('runner-1', 'flood');
    slowReader(task, bytes);
    await until(() => (drone.build('flood')?.poured ?? 0) > 0, 'the log begins');
    const other = await world.job('runner-2', 'staging');
    expect(other.conclusion).toBe('success');
    await until(() => drone.build('flood')?.status === 'success', 'the build ends', 120_000);
    const events = await whole(task);
    expect(events.at(-1)).toMatchObject({ k: 'result', verdict: 'success' });
    const seen = events.flatMap((event) => (event.k === 'state' || event.k === 'result' ? [event.n] : []));
    expect(seen).toEqual(Array.from({ length: seen.length }, (_none, at) => at + 1));
    const last = Math.max(...events.map((event) => (event.k === 'log' ? event.n + event.lines.length - 1 : 0)));
    expect(toldMemory(await world.memory())).toBe(withinBound);
    // A gap, shown by numbers; the newest lines are here.
    expect(last).toBeGreaterThanOrEqual(floodLines);
    expect(lines(events)).toBeLessThan(last);
  }, 180_000);
});

describe('a Drone that sends for ever', () => {
  it.each(['endless', 'bodies'] as const)(
    '(%s) fills neither the cell nor the gate, and is left when the job is cancelled',
    async (kind) => {
      const task = await world.task('runner-1', kind);
      let cell = 0;
      await until(
        async () => {
          await sleep(50);
          cell = Math.max(cell, world.largestCell());
          return (drone.build(kind)?.poured ?? 0) > 128 * mebi;
        },
        'Drone has sent 128 MiB',
        120_000,
      );
      expect((await world.job('runner-2', 'staging')).conclusion).toBe('success');
      expect((await call(world.socket('runner-1'), 'POST', `/v1/tasks/${task}/cancel`, {})).status).toBe(200);
      const events = await whole(task);
      expect(events.at(-1)).toMatchObject({ k: 'result', verdict: 'cancelled' });
      expect(drone.build(kind)?.status).toBe('killed');
      expect([cell > mebi, cell < cellBound, cell]).toEqual([true, true, expect.anything()]);
      expect((await world.memory()).most).toBeLessThan(bound);
    },
    180_000,
  );
});

describe('a runner that opens 1,000 connections', () => {
  it.each([
    ['and says nothing', ''],
    ['and begins a call on each', 'POST /v1/sessions HTTP/1.1\r\nhost: gate\r\ncontent-length: 60000\r\n\r\n{"v":'],
    ['and asks for the events of a task on each', 'events'],
  ])(
    '%s gets few of them, and the other runner has all of its own',
    async (_, text) => {
      const task = text === 'events' ? await world.task('runner-1', 'endless') : '';
      const say =
        text === 'events' ? `GET /v1/tasks/${task}/events?state=0&log=0 HTTP/1.1\r\nhost: gate\r\n\r\n` : text;
      const before = world.openFiles();
      let closed = 0;
      for (let n = 0; n < 1_000; n++) {
        const socket = connect(world.socket('runner-1'), () => socket.write(say));
        closing.push(() => socket.destroy());
        socket.on('error', () => undefined).once('close', () => closed++);
        if (text !== 'events') socket.resume();
      }
      await until(() => closed >= 900, 'most connections are closed');
      expect(world.openFiles() - before).toBeLessThan(100);
      expect((await world.job('runner-2', 'staging')).conclusion).toBe('success');
      expect((await world.memory()).most).toBeLessThan(bound);
      for (const close of closing.splice(0)) close();
      if (task === '') return;
      await until(
        async () =>
          (await call(world.socket('runner-1'), 'POST', `/v1/tasks/${task}/cancel`, {}).catch(() => null))?.status ===
          200,
        'it is served again',
      );
      expect((await whole(task)).at(-1)).toMatchObject({ verdict: 'cancelled' });
    },
    120_000,
  );
});
