// The simulated Drone with one repository and the accounts of the recordings, closed after each test.

import { afterEach } from 'vitest';
import {
  type DroneScenario,
  type PlannedBuild,
  type SimulatedDrone,
  type SimulatedDroneOptions,
  type SimulatedRepository,
  startSimulatedDrone,
} from '../../src/try/drone/index.ts';

export const slug = 'octo/hello';
const running: SimulatedDrone[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((drone) => drone.close()));
});

export interface SimOptions {
  readonly repository?: Partial<SimulatedRepository>;
  readonly disturb?: NonNullable<SimulatedDroneOptions['disturb']>;
  readonly timeScale?: number;
}

/** One stage `default` with these steps. */
export const oneStage = (...steps: DroneScenario['stages'][number]['steps']): DroneScenario => ({
  stages: [{ name: 'default', steps }],
  pendingMs: 10,
});

export async function sim(
  scenario: DroneScenario | ((build: PlannedBuild) => DroneScenario),
  { repository, disturb, timeScale }: SimOptions = {},
): Promise<SimulatedDrone> {
  const drone = await startSimulatedDrone({
    users: [
      { login: 'octo', token: 'octo-token', admin: true, own: [slug] },
      { login: 'bot', token: 'bot-token', write: [slug] },
      { login: 'reader', token: 'reader-token', read: [slug] },
      { login: 'outsider', token: 'outsider-token' },
      { login: 'robot', token: 'robot-token', machine: true },
    ],
    repositories: [{ slug, scenario, ...repository }],
    ...(disturb ? { disturb } : {}),
    ...(timeScale === undefined ? {} : { timeScale }),
  });
  running.push(drone);
  return drone;
}

/** How often a request came. */
export const count = (drone: SimulatedDrone, method: string, path: RegExp): number =>
  drone.requests.filter((one) => one.method === method && path.test(one.path)).length;

export const posts = (drone: SimulatedDrone): number => count(drone, 'POST', /\/builds$/);
export const deletes = (drone: SimulatedDrone): number => count(drone, 'DELETE', /\/builds\/\d+$/);

/** Aborted, as by the author, when such a request has come in. */
export function cancelOn(drone: SimulatedDrone, method: string, path: RegExp): AbortSignal {
  const controller = new AbortController();
  const timer = setInterval(() => {
    if (count(drone, method, path) === 0) return;
    clearInterval(timer);
    controller.abort('author');
  }, 5);
  return controller.signal;
}
