// The same with a sealed container for a cell: what it writes and nobody takes is never waited for, and its memory, which
// the engine limits to 256 MiB, is never reached.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLog } from '../../src/gate/index.ts';
import { type DockerPlace, openPlace } from '../../src/try/docker/place.ts';
import { describeEngine, engineCall } from '../docker/support.ts';
import { until } from '../e2e/support/world.ts';
import { readEvents } from '../gate/support/http.ts';
import { type FloodingDrone, floodLines, startFloodingDrone } from './support/flooding-drone.ts';
import { type World, startWorld } from './support/world.ts';

await describeEngine('a cell in a container', ({ socket }) => {
  let drone: FloodingDrone;
  let place: DockerPlace;
  let world: World;
  beforeAll(async () => {
    drone = await startFloodingDrone();
    place = await openPlace({ log: silentLog(), environment: { DOCKER_HOST: `unix://${socket}` } });
    const docker = { engine: socket, network: place.network, image: place.image };
    world = await startWorld({ drone: place.lead(drone.port), docker });
  }, 120_000);
  afterAll(async () => {
    await world.close();
    // The gate was killed, and its cells are no try's.
    for (const { Id, HostConfig } of (await engineCall(socket, 'GET', '/containers/json?all=1')).body)
      if (HostConfig.NetworkMode === place.network) await engineCall(socket, 'DELETE', `/containers/${Id}?force=1`);
    await place.close();
    await drone.close();
  }, 60_000);

  it('follows its build to the end while its gate is stopped; the gate then ends the job, with a gap that the numbers show', async () => {
    const task = await world.task('runner-1', 'flood');
    await until(() => (drone.build('flood')?.poured ?? 0) > 0, 'the log begins');
    world.signal('SIGSTOP');
    try {
      await until(() => drone.build('flood')?.status === 'success', 'the build has ended', 120_000);
    } catch (error) {
      const { poured, looks } = drone.build('flood')!;
      throw new Error(`${poured} bytes were taken, ${looks} looks`, { cause: error });
    } finally {
      world.signal('SIGCONT');
    }
    expect((await world.job('runner-2', 'staging')).conclusion).toBe('success');
    let [state, log, lines] = [0, 0, 0];
    let verdict = '';
    while (verdict === '') {
      const reader = readEvents(world.socket('runner-1'), task, `state=${state}&log=${log}`);
      await reader.ended;
      for (const event of reader.events) {
        if (event.k === 'state') expect(event.n).toBe(++state);
        if (event.k === 'result') verdict = event.verdict;
        if (event.k !== 'log') continue;
        log = event.n + event.lines.length - 1;
        lines += event.lines.length;
      }
    }
    expect(verdict).toBe('success');
    expect(log).toBeGreaterThanOrEqual(floodLines);
    expect(lines).toBeLessThan(log);
    expect((await world.memory()).most).toBeLessThan(40 * 1_048_576);
  }, 240_000);
});
