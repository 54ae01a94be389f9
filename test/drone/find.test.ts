import { describe, expect, test } from 'vitest';
import { connectDrone } from '../../src/drone/connection.ts';
import { findBuilds } from '../../src/drone/find.ts';
import type { DroneScenario, SimulatedDrone } from '../../src/try/drone/index.ts';
import { commit, nonce } from '../support/drone-run.ts';
import { jsonOf, recording } from '../support/recordings.ts';
import { cancelOn, deletes, posts, sim, slug } from './sim.ts';
import { endingOf, long, messageOf, start, task, withFault } from './start.ts';

describe('an outcome that nobody told is found in the list', () => {
  // biome-ignore format: a table is read by its columns
  test.each<[string, DroneScenario['trigger'], Partial<DroneScenario>]>([
    ['the server hangs up after the build was made', 'hang-up-after', {}],
    ['it answers 500 after the build was made', 'status-500-after', {}],
    ['it makes the build and answers too late', 'slow', { slowMs: 2000 }],
  ])('when %s, the build is adopted and none is asked for again', async (_name, fault, more) => {
    const drone = await sim(withFault(fault, more));
    expect(endingOf(await start(drone, task(), { trigger: 200 }))).toBe('build 1');
    expect(posts(drone)).toBe(1);
  });

  // biome-ignore format: a table is read by its columns
  test.each<[string, DroneScenario['trigger']]>([
    ['hangs up before a build was made', 'hang-up-before'],
    ['answers 500 before a build was made', 'status-500-before'],
  ])('when the server %s, it is asked once more after the first could no longer appear', async (_name, fault) => {
    const drone = await sim(withFault((nth) => (nth === 1 && typeof fault !== 'function' && fault ? fault : 'ok')));
    expect(endingOf(await start(drone))).toBe('build 1');
    const at = drone.requests.filter((one) => one.method === 'POST').map((one) => one.at);
    expect(at.length).toBe(2);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(150);
  });

  test('when twice nothing appears, the outcome is unknown and says what to look for', async () => {
    const drone = await sim(withFault('hang-up-before'));
    const triggered = await start(drone);
    expect(endingOf(triggered)).toBe('unknown/trigger-unknown');
    expect(messageOf(triggered)).toContain(`AIRLOCK_NONCE=${nonce}`);
    expect(posts(drone)).toBe(2);
  });

  test('when the list cannot be read, the trigger is not repeated: absence was not proved', async () => {
    const drone = await sim(withFault('hang-up-before'), {
      disturb: ({ method, path }) =>
        method === 'GET' && path.endsWith('/builds') ? { status: 500, body: '{}' } : undefined,
    });
    expect(endingOf(await start(drone))).toBe('unknown/trigger-unknown');
    expect(posts(drone)).toBe(1);
  });

  test('a .drone.yml that proves broken is told, although such a build carries no parameters', async () => {
    const drone = await sim(withFault('hang-up-before'));
    drone.plantBuild(slug, {
      status: 'error',
      error: 'yaml: line 6',
      after: commit,
      sender: 'bot',
      trigger: '',
      ref: 'refs/heads/main',
    });
    expect(endingOf(await start(drone))).toBe('error/config-invalid');
    expect(posts(drone)).toBe(1);
  });

  test('an answer in a form that is not known is settled by the list', async () => {
    let answered = false;
    const drone = await sim(long, {
      disturb: ({ method, path }) => {
        if (method !== 'POST' || !path.endsWith('/builds') || answered) return undefined;
        answered = true;
        return { status: 200, contentType: 'application/json', body: '{"number":"1"}' };
      },
    });
    expect(endingOf(await start(drone))).toBe('build 1');
  });

  test('where nothing was sent, it is tried until the limit and does not count', async () => {
    const drone = await sim(long);
    await drone.stop();
    setTimeout(() => void drone.start(), 60);
    expect(endingOf(await start(drone, task(), { lookup: 2000 }))).toBe('build 1');
    await drone.stop();
    expect(endingOf(await start(drone, task(), { lookup: 50 }))).toBe('error/drone-unreachable');
  });
});

describe('only our own build is adopted', () => {
  const ours = {
    params: { ENVIRONMENT: 'staging', AIRLOCK_NONCE: nonce },
    after: commit,
    ref: 'refs/heads/main',
    trigger: 'bot',
    sender: 'bot',
    event: 'custom',
  };

  // biome-ignore format: a table is read by its columns
  test.each<[string, Parameters<SimulatedDrone['plantBuild']>[1]]>([
    ['another account started it with our nonce', { ...ours, trigger: 'mallory' }],
    ['it has another nonce', { ...ours, params: { ...ours.params, AIRLOCK_NONCE: 'f'.repeat(32) } }],
    ['it has another commit', { ...ours, after: 'd'.repeat(40) }],
    ['it has another ref', { ...ours, ref: 'refs/heads/next' }],
    ['it has a parameter more', { ...ours, params: { ...ours.params, MORE: 'x' } }],
    ['a push made it', { ...ours, event: 'push' }],
    ['it was restarted from ours', { ...ours, parent: 1 }],
    ['it was promoted from ours', { ...ours, event: 'promote', parent: 1, deployTo: 'x' }],
  ])('not when %s', async (_name, planted) => {
    const drone = await sim(withFault('hang-up-before'));
    drone.plantBuild(slug, planted);
    expect(endingOf(await start(drone))).toBe('unknown/trigger-unknown');
    expect(deletes(drone)).toBe(0);
  });

  test('the planted twin of all of this is adopted', async () => {
    const drone = await sim(withFault('hang-up-before'));
    drone.plantBuild(slug, ours);
    expect(endingOf(await start(drone))).toBe('build 1');
  });

  test('not when it is older than the trigger', async () => {
    const drone = await sim(withFault('hang-up-before'), { repository: { counter: 9 } });
    drone.plantBuild(slug, ours);
    expect(endingOf(await start(drone, task({ base: 10 })))).toBe('unknown/trigger-unknown');
  });

  test('of several the lowest is followed and the others are ended', async () => {
    const drone = await sim(withFault('hang-up-after'));
    drone.plantBuild(slug, { ...ours, number: 1 });
    expect(endingOf(await start(drone))).toBe('build 1');
    expect(drone.requests.filter((one) => one.method === 'DELETE').map((one) => one.path)).toEqual([
      `/api/repos/${slug}/builds/2`,
    ]);
  });

  test('behind hundreds of others it is still found', async () => {
    const drone = await sim(withFault('hang-up-before'), { repository: { counter: 500 } });
    drone.plantBuild(slug, { ...ours, number: 501 });
    for (let n = 0; n < 250; n++) drone.plantBuild(slug, { params: { OTHER: 'x' } });
    expect(endingOf(await start(drone, task({ base: 500 })))).toBe('build 501');
  });

  // Recording 25: forty clients hung up; 38 builds, each found by its own nonce.
  test('in the recorded list every nonce has its own build', async () => {
    const item = recording('25').items.find((one) => one.kind === 'exchange');
    if (item?.kind !== 'exchange' || item.response === undefined) throw new Error('the recording has changed');
    const list = jsonOf(item.response);
    const drone = await sim(long, {
      disturb: ({ path }) =>
        path.endsWith('/builds')
          ? { status: 200, contentType: 'application/json', body: JSON.stringify(list) }
          : undefined,
    });
    const connection = connectDrone({ server: drone.url, token: 'bot-token' });
    const made = list as { number: number; after: string; params: Record<string, string> }[];
    expect(made.length).toBeGreaterThan(5);
    for (const { number, after, params } of made) {
      const found = await findBuilds(connection, task({ commit: after, params }), { call: 2000 });
      expect(found.ours.map((build) => build.number)).toEqual([number]);
    }
    const none = await findBuilds(connection, task({ params: { AIRLOCK_ID: 'gone-1' } }), { call: 2000 });
    expect(none.ours).toEqual([]);
  });
});

describe('a cancel during the trigger', () => {
  test('before anything was sent starts nothing', async () => {
    const drone = await sim(long);
    expect(endingOf(await start(drone, task(), {}, AbortSignal.abort('author')))).toBe('cancelled/cancelled');
    expect(posts(drone)).toBe(0);
  });

  test('before the number is known finds the build by its nonce, without waiting for the answer', async () => {
    const drone = await sim(withFault('slow', { slowMs: 20_000 }));
    const began = Date.now();
    expect(endingOf(await start(drone, task(), {}, cancelOn(drone, 'POST', /\/builds$/)))).toBe('build 1');
    expect(Date.now() - began).toBeLessThan(15_000);
  });

  test('never starts a second build', async () => {
    const drone = await sim(withFault('hang-up-before', {}));
    const cancel = cancelOn(drone, 'POST', /\/builds$/);
    expect(endingOf(await start(drone, task(), { lookup: 400 }, cancel))).toBe('unknown/trigger-unknown');
    expect(posts(drone)).toBe(1);
  });

  test('while nothing can be sent ends it', async () => {
    const drone = await sim(long);
    await drone.stop();
    const controller = new AbortController();
    setTimeout(() => controller.abort('author'), 50);
    expect(endingOf(await start(drone, task(), { lookup: 20_000 }, controller.signal))).toBe('cancelled/cancelled');
  });
});
