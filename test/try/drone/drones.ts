// Simulated Drones for tests, one repository each, closed when the test ends.

import { onTestFinished } from 'vitest';
import {
  type DroneScenario,
  type PlannedBuild,
  type SimulatedBuild,
  type SimulatedDrone,
  type SimulatedDroneOptions,
  type SimulatedRepository,
  startSimulatedDrone,
} from '../../../src/try/drone/index.ts';
import { type Answer, ask, type Asked, open, type OpenStream } from './client.ts';
import { Wheel } from './play/wheel.ts';

export const SLUG = 'octo/hello';
export const BUILDS = `/api/repos/${SLUG}/builds`;
export const COMMIT = '4'.repeat(40);
export const TRIGGER = `${BUILDS}?branch=main&commit=${COMMIT}`;

/** A green build of one step. */
export const GREEN: DroneScenario = {
  stages: [{ name: 'default', steps: [{ name: 'build', lines: ['+ make\n', 'built\n'] }] }],
};

/** One step that prints these and runs until it is cancelled. */
export function endless(...lines: string[]): DroneScenario {
  return {
    stages: [{ name: 'default', steps: [{ name: 'work', lines, ms: Number.POSITIVE_INFINITY }, { name: 'after' }] }],
  };
}

export interface Fixture {
  drone: SimulatedDrone;
  /** As `bot`, who may write. */
  ask: (method: string, path: string, more?: Asked) => Promise<Answer>;
  open: (path: string) => Promise<OpenStream>;
  /** The build of this number, now. */
  build: (number: number) => SimulatedBuild;
  /** The build as soon as the check holds; fails after 10 s. */
  when: (number: number, check: (build: SimulatedBuild) => boolean) => Promise<SimulatedBuild>;
  /** The build when it has ended. */
  ended: (number: number) => Promise<SimulatedBuild>;
}

export async function drone(
  scenario: DroneScenario | ((build: PlannedBuild) => DroneScenario),
  more: Partial<SimulatedDroneOptions> = {},
  repository: Partial<SimulatedRepository> = {},
): Promise<Fixture> {
  const started = await startSimulatedDrone({
    users: [
      { login: 'octo', token: 'octo-token', admin: true, own: [SLUG] },
      { login: 'bot', token: 'bot-token', write: [SLUG] },
      { login: 'reader', token: 'reader-token', read: [SLUG] },
    ],
    repositories: [{ slug: SLUG, scenario, ...repository }],
    ...more,
  });
  onTestFinished(() => started.close());
  const build = (number: number): SimulatedBuild => {
    const found = started.builds(SLUG).find((one) => one.number === number);
    if (found === undefined) throw new Error(`there is no build ${number}`);
    return found;
  };
  const when = async (number: number, check: (found: SimulatedBuild) => boolean): Promise<SimulatedBuild> => {
    const limit = Date.now() + 10_000;
    while (!check(build(number))) {
      if (Date.now() > limit) throw new Error(`waited in vain: ${JSON.stringify(build(number))}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
    return build(number);
  };
  return {
    drone: started,
    ask: (method, path, asked = {}) => ask(started.url, path, { method, token: 'bot-token', ...asked }),
    open: (path) => open(started.url, path, { token: 'bot-token' }),
    build,
    when,
    ended: (number) => when(number, ({ status }) => !['pending', 'running'].includes(status)),
  };
}

/** Build 1, whose time stands still but for `turn`: no test of it depends on how fast the machine is. */
export interface Wheeled extends Fixture {
  /** One step of its life; false: nothing more happens. */
  turn: () => Promise<boolean>;
  /** As many steps as it takes until the first step's process lives. */
  untilAlive: () => Promise<void>;
  toTheEnd: () => Promise<void>;
}

export async function wheeled(scenario: DroneScenario): Promise<Wheeled> {
  const wheel = new Wheel();
  const fixture = await drone(scenario, { wait: wheel.wait });
  await fixture.ask('POST', TRIGGER);
  const over = (): boolean => {
    const { status, stages } = fixture.build(1);
    const alive = stages.some(({ steps }) => steps.some((step) => step.alive));
    return !alive && !['pending', 'running'].includes(status);
  };
  const turn = async (): Promise<boolean> => !over() && (await wheel.turn(SLUG, 1));
  const isAlive = (): boolean => fixture.build(1).stages[0]?.steps[0]?.alive === true;
  return {
    ...fixture,
    turn,
    untilAlive: async () => {
      while (!isAlive()) if (!(await turn())) throw new Error('the step did not start');
    },
    toTheEnd: async () => {
      while (await turn());
    },
  };
}

/** `pos` and `out` of the entries of a live stream's text. */
export function entriesOf(text: string): { pos: number; out: string }[] {
  return [...text.matchAll(/^data: (\{.*\})$/gm)].map(
    (found) => JSON.parse(found[1] ?? '') as { pos: number; out: string },
  );
}
