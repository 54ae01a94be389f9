// A fleet on a real engine: every job on a runner of its own, nothing left behind, whatever happens to the gate.

import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { describeEngine, engineCall } from '../docker/support.ts';
import { until } from '../e2e/support/world.ts';
import { type FleetWorld, startFleetWorld } from './support/fleet-world.ts';

const minutes = 60_000;
/** More by hand: AIRLOCK_TEST_FLEET_JOBS=50. */
const count = Number(process.env['AIRLOCK_TEST_FLEET_JOBS'] ?? '4');
const golden = new URL('golden.json', import.meta.url);

await describeEngine('a fleet on a real engine', (engine) => {
  let world: FleetWorld | undefined;
  afterEach(async () => {
    await world?.close();
    world = undefined;
  }, 2 * minutes);

  it(
    `gives ${count} jobs a fresh runner each, and leaves none behind`,
    async () => {
      world = await startFleetWorld(engine, { idle: 3, max: 6, ms: 50 });
      const { github, jobs } = world;
      world.startGate();
      await until(() => github.registrations.size === 3, 'three runners wait', 2 * minutes);
      jobs.queue(count);
      await until(() => jobs.done.length === count, 'all jobs are done', (2 + count / 2) * minutes);
      expect(jobs.done.filter(({ conclusion }) => conclusion !== 'success')).toEqual([]);
      expect(new Set(jobs.done.map(({ runner }) => runner)).size).toBe(count);
      const builds = await world.drone.builds();
      expect(builds.filter(({ status }) => status === 'success')).toHaveLength(count);
      await world.signalGate('SIGTERM');
      expect(await world.runners()).toEqual([]);
      expect(github.registrations.size).toBe(0);
      expect(await world.cells()).toBe(0);
    },
    (5 + count / 2) * minutes,
  );

  it(
    'is sealed as the golden specification says, and holds no secret of the gate',
    async () => {
      world = await startFleetWorld(engine, { idle: 1, max: 2, ms: 50 });
      const { github, folder, network, image } = world;
      world.startGate();
      await until(
        async () => (await world!.runners()).some(({ state }) => state === 'running'),
        'a runner',
        2 * minutes,
      );
      const [{ name } = { name: '' }] = await world.runners();
      const { body } = await engineCall(engine.socket, 'GET', `/containers/${name}/json`);
      const text = JSON.stringify(body);
      for (const secret of [github.key.split('\n')[2], github.token, 'ghs_', 'simulated-drone-token'])
        expect(text.includes(secret!)).toBe(false);
      const plain = (value: unknown): unknown =>
        JSON.parse(
          JSON.stringify(value)
            .replaceAll(folder, '/FOLDER')
            .replaceAll(name, 'NAME')
            .replaceAll(network, 'NETWORK')
            .replaceAll(image, 'IMAGE')
            .replace(/(JITCONFIG=)[^"]+/, '$1CONFIG'),
        );
      const { Config, Mounts } = body;
      const expected = JSON.parse(readFileSync(golden, 'utf8')) as { HostConfig: object };
      // Engines add fields with every version.
      const HostConfig = Object.fromEntries(Object.keys(expected.HostConfig).map((key) => [key, body.HostConfig[key]]));
      const shown = {
        User: Config.User,
        Env: Config.Env,
        Labels: Object.keys(Config.Labels as object).sort(),
        Mounts,
        HostConfig,
      };
      expect(plain(shown)).toEqual(expected);
    },
    5 * minutes,
  );

  it(
    'outlives its gate: after kill -9 the next one goes on with its jobs, and nothing is left',
    async () => {
      world = await startFleetWorld(engine, { idle: 2, max: 5, ms: 8_000 });
      const { github, jobs } = world;
      world.startGate();
      await until(() => github.registrations.size === 2, 'two runners wait', 2 * minutes);
      jobs.queue(3);
      await until(async () => (await world!.drone.builds()).length >= 1, 'a build runs', 2 * minutes);
      await world.signalGate('SIGKILL');
      world.startGate();
      await until(() => jobs.done.length === 3, 'all jobs are done', 5 * minutes);
      expect(jobs.done.map(({ conclusion, lines }) => [conclusion, conclusion === 'success' ? [] : lines])).toEqual(
        Array.from({ length: 3 }, () => ['success', []]),
      );
      expect(new Set(jobs.done.map(({ runner }) => runner)).size).toBe(3);
      await until(async () => (await world!.runners()).length === 2, 'the next two wait', 2 * minutes);
      await world.signalGate('SIGTERM');
      expect(await world.runners()).toEqual([]);
      expect(github.registrations.size).toBe(0);
    },
    12 * minutes,
  );
});
