// A simulated Drone on loopback, held to what a real Drone 2.25.0 was recorded with. For `airlock try`, the demo and the tests: it
// runs nothing, keeps everything in memory, and goes wrong where it is told to.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { disturbed } from './disturb.ts';
import { Journal } from './journal.ts';
import { openDoor } from './listener.ts';
import type { SimulatedDrone, SimulatedDroneOptions } from './options.ts';
import { plant, skipNumbers } from './plant.ts';
import { dispatch, parse } from './routes.ts';
import { DroneState } from './state.ts';
import { buildCopy } from './views.ts';

/** Rejects when the address is taken. */
export async function startSimulatedDrone(options: SimulatedDroneOptions): Promise<SimulatedDrone> {
  const state = new DroneState(options);
  const journal = new Journal();

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const asked = parse(state, req);
    const entry = journal.add(req.method ?? '', asked.path, asked.query, asked.user?.login);
    const disturbance = options.disturb?.(entry);
    const goesOn = disturbance === undefined || (await disturbed(res, disturbance, (ms) => state.scaled(ms)));
    if (goesOn) await dispatch(state, req, res, asked);
    if (res.headersSent) entry.status = res.statusCode;
    if (!req.readableEnded) req.resume();
  };

  const { host = '127.0.0.1', port = 0, tls } = options;
  const door = await openDoor((req, res) => void answer(req, res), { host, port, tls });
  const start = async (): Promise<void> => {
    for (const build of state.builds())
      for (const { steps } of build.stages) for (const { live } of steps) live.forget();
    await door.open();
  };

  return {
    url: options.publicUrl ?? `${tls === undefined ? 'http' : 'https'}://${host}:${door.port}`,
    requests: journal.entries,
    builds: (slug) => state.repository(slug).builds.map(buildCopy),
    plantBuild: (slug, build) => buildCopy(plant(state, slug, build ?? {})),
    skipNumbers: (slug, next) => skipNumbers(state.repository(slug), next),
    pause: () => state.queue.pause(),
    resume: () => state.queue.resume(),
    killRunner: () => {
      for (const build of state.builds()) if (build.stages.some(({ machine }) => machine !== '')) build.work.abort();
    },
    stop: () => door.shut(),
    start,
    restart: async () => {
      await door.shut();
      await start();
    },
    close: async () => {
      for (const build of state.builds()) build.work.abort();
      await door.shut();
    },
  };
}
