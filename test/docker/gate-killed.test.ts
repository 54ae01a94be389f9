// kill -9 of the gate while a container of a real engine is its cell: the next gate adopts it.

import { afterEach, expect, it } from 'vitest';
import type { DroneScenario } from '../../src/try/drone/index.ts';
import { type World, startWorld, until } from '../e2e/support/world.ts';
import { type StartedDrone, startDrone } from './start-drone.ts';
import { describeEngine, engineCall } from './support.ts';

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

await describeEngine('a gate with a real engine that is killed', (engine) => {
  let world: World | undefined;
  let drone: StartedDrone | undefined;
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
    drone = await startDrone(engine, scenario);
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
