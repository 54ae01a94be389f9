// What the tests of deaths share: a build to look at, worlds that are closed, and what has to hold at every end.

import { expect, test as base } from 'vitest';
import type { DroneScenario } from '../../../src/try/drone/index.ts';
import { type PlayedJob, type World, type WorldOptions, slug, startWorld, until } from './world.ts';

const count = 20;
const numbered = (step: string): string[] => Array.from({ length: count }, (_, n) => `${step} ${n + 1}`);
export const pipeline = (status: 'success' | 'failure' = 'success', last = 500): DroneScenario => ({
  pendingMs: 200,
  stages: [
    {
      name: 'default',
      steps: ['clone', 'check', 'deploy'].map((name) => ({
        name,
        lines: numbered(name).map((line) => `${line}\n`),
        ms: name === 'deploy' ? last : 500,
        ...(name === 'deploy' ? { status } : {}),
      })),
    },
  ],
});

export type Start = (options?: Partial<WorldOptions>) => Promise<World>;
/** Worlds of a test's own, closed after it. */
export const test = base.extend<{ start: Start }>({
  // oxlint-disable-next-line eslint/no-empty-pattern
  start: async ({}, use) => {
    const worlds: World[] = [];
    await use(async (options = {}) => {
      const world = await startWorld({ scenario: pipeline(), ...options });
      worlds.push(world);
      world.startGate();
      return world;
    });
    await Promise.all(worlds.map((world) => world.close()));
  },
});

export const audited = (world: World, event: string): Promise<void> =>
  until(() => world.audit().some((entry) => entry.event === event && entry.decision !== 'refused'), event);
export const shown = ({ lines }: PlayedJob, text: string): Promise<void> => until(() => lines.includes(text), text);
export const triggered = ({ drone }: World): Promise<void> =>
  until(() => drone.requests.some(({ method }) => method === 'POST'), 'the trigger');
export const told = ({ lines }: PlayedJob, what: string): string[] =>
  lines.filter((line) => line.startsWith(`airlock: ${what}`));
export const noCell = (world: World): Promise<void> =>
  until(async () => (await world.cells()).length === 0, 'no cell is left');

export async function expectEnd(world: World, job: PlayedJob, conclusion: 'success' | 'failure'): Promise<void> {
  expect([(await job.result).conclusion, job.lines]).toEqual([conclusion, expect.anything()]);
  expect(world.drone.builds(slug).map(({ status }) => status)).toEqual([conclusion]);
  await noCell(world);
  // A gate that dies between the ledger and the audit log leaves no line of the end; none ever leaves two.
  const ends = world.audit().flatMap(({ event, verdict }) => (event === 'end' ? [verdict] : []));
  expect([[], [conclusion]]).toContainEqual(ends);
}

/** Every line of the build once, and every end of a step and of its stage once. */
export function expectWhole({ lines }: PlayedJob): void {
  const all = ['clone', 'check', 'deploy'].flatMap(numbered);
  expect(lines.filter((line) => all.includes(line))).toEqual(all);
  expect(lines.filter((line) => /^[✓✗] /.test(line))).toHaveLength(4);
  expect(lines.filter((line) => line.includes('lines not shown'))).toEqual([]);
}
