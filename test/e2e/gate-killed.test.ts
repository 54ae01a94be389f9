// kill -9 of the gate at every phase of a job, with cells that outlive it: one build, the true verdict, nothing lost and
// nothing twice in the job's log, one line that says what happened, and no cell left.

import { describe, expect, test as base } from 'vitest';
import type { DroneScenario } from '../../src/try/drone/index.ts';
import { type PlayedJob, type World, type WorldOptions, slug, startWorld, until } from './support/world.ts';

const count = 20;
const numbered = (step: string): string[] => Array.from({ length: count }, (_, n) => `${step} ${n + 1}`);
const pipeline = (status: 'success' | 'failure' = 'success', last = 500): DroneScenario => ({
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

type Start = (options?: Partial<WorldOptions>) => Promise<World>;
/** Most of each test is waiting, so they run at the same time, each in a world of its own. */
const test = base.extend<{ start: Start }>({
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

const audited = (world: World, event: string): Promise<void> =>
  until(() => world.audit().some((entry) => entry.event === event && entry.decision !== 'refused'), event);
const shown = ({ lines }: PlayedJob, text: string): Promise<void> => until(() => lines.includes(text), text);
const triggered = ({ drone }: World): Promise<void> =>
  until(() => drone.requests.some(({ method }) => method === 'POST'), 'the trigger');
const told = ({ lines }: PlayedJob, what: string): string[] =>
  lines.filter((line) => line.startsWith(`airlock: ${what}`));
const noCell = (world: World): Promise<void> =>
  until(async () => (await world.cells()).length === 0, 'no cell is left');

async function expectEnd(world: World, job: PlayedJob, conclusion: 'success' | 'failure'): Promise<void> {
  expect([(await job.result).conclusion, job.lines]).toEqual([conclusion, expect.anything()]);
  expect(world.drone.builds(slug).map(({ status }) => status)).toEqual([conclusion]);
  await noCell(world);
  // A gate that dies between the ledger and the audit log leaves no line of the end; none ever leaves two.
  const ends = world.audit().flatMap(({ event, verdict }) => (event === 'end' ? [verdict] : []));
  expect([[], [conclusion]]).toContainEqual(ends);
}

/** Every line of the build once, and every end of a step and of its stage once. */
function expectWhole({ lines }: PlayedJob): void {
  const all = ['clone', 'check', 'deploy'].flatMap(numbered);
  expect(lines.filter((line) => all.includes(line))).toEqual(all);
  expect(lines.filter((line) => /^[✓✗] /.test(line))).toHaveLength(4);
  expect(lines.filter((line) => line.includes('lines not shown'))).toEqual([]);
}

const phases: readonly (readonly [string, (world: World, job: PlayedJob) => Promise<void>, number])[] = [
  ['before its task', (world) => audited(world, 'rehearsal'), 0],
  ['when its task is decided', (world) => audited(world, 'task'), 1],
  ['when its order leaves', (world) => audited(world, 'order'), 1],
  ['when Drone is asked for the build', triggered, 1],
  ['while the first step runs', (_, job) => shown(job, 'clone 10'), 1],
  ['while the last step runs', (_, job) => shown(job, 'deploy 10'), 1],
];

describe.concurrent('a gate that is killed', () => {
  for (const [when, reached, notices] of phases)
    test(`${when}: the job goes on with the next one`, async ({ start }) => {
      const world = await start();
      const job = world.job();
      await reached(world, job);
      await world.replaceGate();
      await expectEnd(world, job, 'success');
      expectWhole(job);
      expect(told(job, 'the gate was started anew').length).toBeLessThanOrEqual(notices);
    });

  test('while its build runs: the author reads it in one line', async ({ start }) => {
    const world = await start();
    const job = world.job();
    for (const line of ['clone 10', 'check 10']) {
      await shown(job, line);
      await world.replaceGate();
    }
    await expectEnd(world, job, 'success');
    expectWhole(job);
    const line = 'airlock: the gate was started anew and goes on with this task';
    expect(told(job, 'the gate was started anew')).toEqual([line]);
  });

  test('right after the end of the build: the author reads the true verdict', async ({ start }) => {
    const world = await start();
    const job = world.job();
    await audited(world, 'end');
    await world.replaceGate();
    await expectEnd(world, job, 'success');
  });

  test('during a build that fails: it fails', async ({ start }) => {
    const world = await start({ scenario: pipeline('failure') });
    const job = world.job();
    await shown(job, 'check 10');
    await world.replaceGate();
    await expectEnd(world, job, 'failure');
  });

  test('with a token from the workflow: a living cell needs none', async ({ start }) => {
    const world = await start({ token: 'workflow' });
    const job = world.job();
    await shown(job, 'check 10');
    await world.replaceGate();
    await expectEnd(world, job, 'success');
    expectWhole(job);
  });

  test('has its ledger remember that the job had its task', async ({ start }) => {
    const world = await start();
    const first = world.job();
    await shown(first, 'clone 10');
    await world.replaceGate();
    expect((await first.result).conclusion).toBe('success');
    const again = world.job();
    await again.result;
    expect(again.lines.join('\n')).toContain('tasks-per-job');
  });

  test('while the author cancels: the next one cancels the build', async ({ start }) => {
    const world = await start({ scenario: pipeline('success', Infinity) });
    const job = world.job();
    await shown(job, 'deploy 10');
    const replaced = world.replaceGate();
    job.cancel();
    await replaced;
    expect((await job.result).conclusion).toBe('cancelled');
    await until(() => world.drone.builds(slug)[0]?.status === 'killed', 'the build is killed');
    await noCell(world);
  });
});

describe.concurrent('a gate that is stopped in good order', () => {
  test('leaves the cell, and the next gate goes on at once', async ({ start }) => {
    const world = await start();
    const job = world.job();
    await shown(job, 'check 10');
    await world.stopGate();
    expect(await world.cells()).toMatchObject([{ running: true }]);
    world.startGate();
    await expectEnd(world, job, 'success');
    expectWhole(job);
  });
});
