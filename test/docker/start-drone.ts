// The simulated Drone in a container next to the cells, for tests of a real engine.

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { DroneScenario } from '../../src/try/drone/index.ts';
import { droneToken, login, slug, until } from '../e2e/support/world.ts';
import type { ContainedDrone } from './drone-in-container.ts';
import { type TestEngine, engineCall } from './support.ts';

export interface StartedDrone {
  readonly url: string;
  builds(): Promise<{ readonly number: number; readonly status: string }[]>;
  end(): Promise<unknown>;
}

/** On the engine's own network, so that it lives as long as the containers do. */
export async function startDrone(
  { socket, image, network }: TestEngine,
  scenario: DroneScenario,
): Promise<StartedDrone> {
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
