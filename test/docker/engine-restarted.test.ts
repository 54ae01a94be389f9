// The engine is killed and started again in the middle of a job: its author sees the whole log all the same.

import { afterEach, expect, it } from 'vitest';
import type { DroneScenario } from '../../src/try/drone/index.ts';
import { type World, startWorld, until } from '../e2e/support/world.ts';
import { type Engine, startEngine } from './engine/engine.mjs';
import { importImage } from './engine/image.mjs';
import { type StartedDrone, startDrone } from './start-drone.ts';
import { describeOwnEngine, engineCall, makeNetwork } from './support.ts';

const names = ['clone', 'check', 'deploy'];
const numbered = (name: string): string[] => Array.from({ length: 20 }, (_, n) => `${name} ${n + 1}`);
const scenario: DroneScenario = {
  stages: [
    {
      name: 'default',
      steps: names.map((name) => ({ name, lines: numbered(name).map((line) => `${line}\n`), ms: 3_000 })),
    },
  ],
};

describeOwnEngine('an engine that lets containers live and is killed in the middle of a job', () => {
  let engine: Engine | undefined;
  let world: World | undefined;
  let drone: StartedDrone | undefined;
  afterEach(async () => {
    await world?.close();
    await engine?.end();
  }, 60_000);

  it('loses nothing of it: the job ends as Drone says, with its whole log, and no cell is left', async () => {
    engine = await startEngine({ liveRestore: true });
    const { socket } = engine;
    const on = { socket, image: await importImage(socket), network: await makeNetwork(socket) };
    drone = await startDrone(on, scenario);
    const docker = { engine: socket, network: on.network, image: on.image, drone: drone.url };
    world = await startWorld({ scenario, docker });
    world.startGate();
    const job = world.job();
    await until(() => job.lines.includes('clone 10'), 'the build runs', 60_000);
    await engine.kill();
    await engine.start();
    const { conclusion } = await job.result;
    expect([conclusion, job.lines]).toEqual(['success', expect.anything()]);
    expect(await drone.builds()).toEqual([{ number: 1, status: 'success' }]);
    const all = names.flatMap(numbered);
    expect(job.lines.filter((line) => all.includes(line))).toEqual(all);
    const said = job.lines.filter((line) => line.startsWith('airlock: '));
    expect(said.map((line) => line.replace(/ http:\S+|, \d+ s$/g, ''))).toEqual([
      'airlock: session open; log level full; steps may run: drone build, drone promote, drone rollback',
      'airlock: the gate accepts the task',
      'airlock: build 1',
      'airlock: waiting for a Drone runner',
      'airlock: success: build 1',
    ]);
    const containers = async (): Promise<string[]> =>
      ((await engineCall(socket, 'GET', '/containers/json?all=1')).body as { Names: string[] }[]).flatMap(
        ({ Names }) => Names,
      );
    await until(async () => !(await containers()).some((name) => name.startsWith('/airlock-cell-')), 'no cell is left');
  }, 180_000);
});
