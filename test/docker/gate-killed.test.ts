// kill -9 of the gate while a container of a real engine is its cell: the next gate adopts it.

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, expect, it } from 'vitest';
import type { DroneScenario } from '../../src/try/drone/index.ts';
import { type World, droneToken, login, slug, startWorld, until } from '../e2e/support/world.ts';
import type { ContainedDrone } from './drone-in-container.ts';
import { type TestEngine, describeEngine, engineCall } from './support.ts';

const names = ['clone', 'check', 'deploy'];
const numbered = (name: string): string[] => Array.from({ length: 20 }, (_, n) => `${name} ${n + 1}`);
const scenario: DroneScenario = {
  stages: [
    {
      name: 'default',
      steps: names.map((name) => ({ name, lines: numbered(name).map((line) => `${line}\n`), ms: 1_500 })),
    },
  ],
};

interface Drone {
  readonly url: string;
  builds(): Promise<{ readonly number: number; readonly status: string }[]>;
  end(): Promise<unknown>;
}

async function startDrone({ socket, image, network }: TestEngine): Promise<Drone> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('drone-in-container.ts', import.meta.url))],
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    write: false,
  });
  const settings: ContainedDrone = { slug, login, token: droneToken, scenario };
  const made = await engineCall(socket, 'POST', '/containers/create', {
    Image: image,
    Cmd: ['node', '-e', outputFiles[0]?.text ?? ''],
    Env: [`DRONE=${JSON.stringify(settings)}`],
    Tty: true,
    HostConfig: { NetworkMode: network },
  });
  const path = `/containers/${made.body.Id}`;
  await engineCall(socket, 'POST', `${path}/start`);
  const builds = async (): Promise<string | undefined> => {
    const { body } = await engineCall(socket, 'GET', `${path}/logs?stdout=1&stderr=1`);
    return [...String(body).matchAll(/^builds: (.*?)\r?$/gm)].at(-1)?.[1];
  };
  await until(async () => (await builds()) !== undefined, 'Drone is up', 60_000);
  const { body } = await engineCall(socket, 'GET', `${path}/json`);
  return {
    url: `http://${body.NetworkSettings.Networks[network].IPAddress}:8080`,
    builds: async () => JSON.parse((await builds()) ?? '') as never,
    end: () => engineCall(socket, 'DELETE', `${path}?force=1`),
  };
}

await describeEngine('a gate with a real engine that is killed', (engine) => {
  let world: World | undefined;
  let drone: Drone | undefined;
  afterEach(async () => {
    await world?.close();
    await drone?.end();
  });

  const cells = async (): Promise<number> => {
    const filters = encodeURIComponent(JSON.stringify({ network: [engine.network] }));
    const { body } = await engineCall(engine.socket, 'GET', `/containers/json?all=1&filters=${filters}`);
    return (body as unknown[]).length - 1;
  };

  it('is followed by one that adopts its cell: the job ends as Drone says, with its whole log', async () => {
    drone = await startDrone(engine);
    const docker = { engine: engine.socket, network: engine.network, image: engine.image, drone: drone.url };
    world = await startWorld({ scenario, docker });
    world.startGate();
    const job = world.job();
    await until(() => job.lines.includes('clone 10'), 'the build runs', 60_000);
    expect(await cells()).toBe(1);
    await world.replaceGate();
    const { conclusion } = await job.result;
    expect([conclusion, job.lines]).toEqual(['success', expect.anything()]);
    expect(await drone.builds()).toEqual([{ number: 1, status: 'success' }]);
    const all = names.flatMap(numbered);
    expect(job.lines.filter((line) => all.includes(line))).toEqual(all);
    const notices = job.lines.filter((line) => line.startsWith('airlock: the gate was started anew'));
    expect(notices).toEqual(['airlock: the gate was started anew and goes on with this task']);
    await until(async () => (await cells()) === 0, 'no cell is left');
  }, 90_000);
});
