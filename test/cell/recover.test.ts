// A cell that is killed while its build lives, and the one that takes its place.

import { beforeAll, describe, expect, test } from 'vitest';
import type { DroneScenario, SimulatedDrone } from '../../src/try/drone/index.ts';
import { deletes, oneStage, posts, sim, slug } from '../drone/sim.ts';
import { commit, nonce } from '../support/drone-run.ts';
import { type Cell, type OrderOptions, buildScript, isWhole, linesOf, orderFor, startCell } from './cells.ts';

let script = '';
beforeAll(async () => {
  script = await buildScript();
});

const lines = Array.from({ length: 60 }, (_, index) => `line ${index + 1}\n`);
const long = oneStage({ name: 'deploy', lines, ms: 1500 });
const forEver = oneStage({ name: 'deploy', lines: ['deploying\n'], ms: Number.POSITIVE_INFINITY });
const ours = {
  params: { ENVIRONMENT: 'staging', AIRLOCK_NONCE: nonce },
  after: commit,
  ref: 'refs/heads/main',
  trigger: 'bot',
  sender: 'bot',
  event: 'custom',
};

/** A build whose cell was killed with SIGKILL as soon as a line had come. */
async function lose(scenario: DroneScenario): Promise<SimulatedDrone> {
  const drone = await sim(scenario);
  const cell = startCell(script);
  cell.send(orderFor(drone.url));
  await cell.until((events) => linesOf(events).length > 0);
  process.kill(cell.pid, 'SIGKILL');
  await cell.exit;
  return drone;
}

function recover(drone: SimulatedDrone, options: OrderOptions = {}): Cell {
  const cell = startCell(script);
  cell.send(orderFor(drone.url, { id: 'b'.repeat(32), kind: 'recover', then: 'follow', ...options }));
  return cell;
}

describe('a build whose cell was killed', () => {
  test.each([
    ['by its number', 1],
    ['by its nonce', undefined],
  ])('is found %s and followed to its verdict, its log from the beginning', async (_name, number) => {
    const drone = await lose(long);
    const cell = recover(drone, { build: number, expect: { steps: ['default/deploy'] } });
    expect(await cell.result()).toMatchObject({ verdict: 'success', code: 'ok', outputs: { number: '1' } });
    expect(linesOf(cell.events)).toEqual(lines.map((line) => line.trimEnd()));
    expect(isWhole(cell.events)).toBe(true);
    expect(posts(drone)).toBe(1);
    const note = cell.events.flatMap((event) => (event.k === 'state' ? [event.note] : []))[0];
    expect(note).toBe('This build is looked for: the cell that followed it was lost');
  });

  test('and that ended meanwhile has its verdict and its log', async () => {
    const drone = await lose(oneStage({ name: 'deploy', lines, ms: 300, status: 'failure', exitCode: 3 }));
    await expect.poll(() => drone.builds(slug)[0]?.status, { timeout: 10_000 }).toBe('failure');
    const cell = recover(drone, { build: 1 });
    expect(await cell.result()).toMatchObject({ verdict: 'failure', code: 'build-failed' });
    expect(linesOf(cell.events).length).toBe(60);
  });

  test.each([
    ['by its number', 1],
    ['by its nonce', undefined],
  ])('is ended where that is wished, found %s', async (_name, number) => {
    const drone = await lose(forEver);
    const cell = recover(drone, { build: number, then: 'cancel' });
    expect(await cell.result()).toMatchObject({ verdict: 'cancelled', code: 'cancelled' });
    expect(drone.builds(slug).map((build) => build.status)).toEqual(['killed']);
    expect(posts(drone)).toBe(1);
  });

  test('hears a cancel that comes later', async () => {
    const drone = await lose(forEver);
    const cell = recover(drone, { build: 1 });
    await cell.until((events) => linesOf(events).length > 0);
    cell.send({ cancel: 'operator' });
    expect(await cell.result()).toMatchObject({ verdict: 'cancelled' });
  });

  test('is followed although Drone is down at first', async () => {
    const drone = await lose(long);
    await drone.stop();
    setTimeout(() => void drone.start(), 400);
    expect(await recover(drone, { build: 1 }).result()).toMatchObject({ verdict: 'success' });
  });

  test('is followed although the repository was disabled meanwhile', async () => {
    const drone = await lose(long);
    const off = await fetch(`${drone.url}/api/repos/${slug}`, {
      method: 'DELETE',
      headers: { Authorization: 'Bearer octo-token' },
    });
    expect(off.status).toBe(200);
    expect(await recover(drone, { build: 1 }).result()).toMatchObject({ verdict: 'success' });
  });
});

describe('a build that is looked for', () => {
  test('may still appear', async () => {
    const drone = await sim(forEver);
    const cell = recover(drone, { limits: { lookup: 10_000 } });
    await cell.until((events) => events.length > 0);
    drone.plantBuild(slug, { ...ours, status: 'killed' });
    expect(await cell.result()).toMatchObject({ code: 'build-killed', outputs: { number: '1' } });
    expect(posts(drone)).toBe(0);
  });

  test('and never appears leaves the outcome unknown, and nothing is started', async () => {
    const drone = await sim(forEver);
    const result = await recover(drone).result();
    expect(result).toMatchObject({ verdict: 'unknown', code: 'trigger-unknown' });
    expect(result.message).toContain(`AIRLOCK_NONCE=${nonce}`);
    expect(posts(drone)).toBe(0);
  });

  test('and stands twice in the list: the lower is followed, the other ended', async () => {
    const drone = await sim(forEver);
    drone.plantBuild(slug, { ...ours, status: 'success' });
    drone.plantBuild(slug, { ...ours, status: 'running' });
    expect(await recover(drone).result()).toMatchObject({ outputs: { number: '1' } });
    expect(deletes(drone)).toBe(1);
  });

  test.each([
    ['has another nonce', { params: { ...ours.params, AIRLOCK_NONCE: 'f'.repeat(32) } }],
    ['has another commit', { after: 'd'.repeat(40) }],
    ['was started by another account', { trigger: 'mallory' }],
    ['was restarted from ours', { parent: 7 }],
    ['is a push', { event: 'push' }],
  ])('and %s is not ours and is left alone', async (_name, more) => {
    const drone = await sim(forEver);
    drone.plantBuild(slug, { ...ours, ...more });
    const result = await recover(drone, { build: 1, then: 'cancel' }).result();
    expect(result).toMatchObject({ verdict: 'not-ours', code: 'not-ours' });
    expect(deletes(drone)).toBe(0);
  });

  test('and is older than what was there before the trigger was planted, and is left alone', async () => {
    const drone = await sim(forEver);
    drone.plantBuild(slug, { ...ours, status: 'success' });
    expect(await recover(drone, { base: 1 }).result()).toMatchObject({ verdict: 'unknown', code: 'trigger-unknown' });
    expect(await recover(drone, { base: 0 }).result()).toMatchObject({ outputs: { number: '1' } });
    expect(deletes(drone)).toBe(0);
  });

  test('while Drone does not come back is unknown', async () => {
    const drone = await sim(forEver);
    await drone.stop();
    expect(await recover(drone, { build: 1, limits: { lost: 300 } }).result()).toMatchObject({
      verdict: 'unknown',
      code: 'drone-unreachable',
    });
  });

  test('by a number that Drone does not know is unknown', async () => {
    const drone = await sim(forEver);
    expect(await recover(drone, { build: 5, limits: { lost: 300 } }).result()).toMatchObject({
      verdict: 'unknown',
      code: 'drone-lost',
    });
  });

  test('with a token that Drone no longer accepts is unknown', async () => {
    const drone = await sim(forEver);
    expect(await recover(drone, { drone: { token: 'replaced' } }).result()).toMatchObject({
      verdict: 'unknown',
      code: 'drone-token-rejected',
    });
  });
});
