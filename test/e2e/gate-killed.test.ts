// kill -9 of the gate at every phase of a job, with cells that outlive it: one build, the true verdict, nothing lost and
// nothing twice in the job's log, one line that says what happened, and no cell left.

import { afterEach, describe, expect, test } from 'vitest';
import type { DroneScenario } from '../../src/try/drone/index.ts';
import { type PlayedJob, type World, type WorldOptions, slug, startWorld, until } from './support/world.ts';

const count = 40;
const numbered = (step: string): string[] => Array.from({ length: count }, (_, n) => `${step} ${n + 1}`);
const pipeline = (status: 'success' | 'failure' = 'success'): DroneScenario => ({
  pendingMs: 200,
  stages: [
    {
      name: 'default',
      steps: ['clone', 'check', 'deploy'].map((name) => ({
        name,
        lines: numbered(name).map((line) => `${line}\n`),
        ms: 1_000,
        ...(name === 'deploy' ? { status } : {}),
      })),
    },
  ],
});

let world: World;
const start = async (options: Partial<WorldOptions> = {}): Promise<void> => {
  world = await startWorld({ scenario: pipeline(), ...options });
  world.startGate();
};
afterEach(() => world.close());

const audited = (event: string): Promise<void> =>
  until(() => world.audit().some((entry) => entry.event === event && entry.decision !== 'refused'), event);
const shown = ({ lines }: PlayedJob, text: string): Promise<void> => until(() => lines.includes(text), text);
const triggered = (): Promise<void> =>
  until(() => world.drone.requests.some(({ method }) => method === 'POST'), 'the trigger');
const told = ({ lines }: PlayedJob, what: string): string[] =>
  lines.filter((line) => line.startsWith(`airlock: ${what}`));

async function expectEnd(job: PlayedJob, conclusion: 'success' | 'failure'): Promise<void> {
  expect((await job.result).conclusion, job.lines.join('\n')).toBe(conclusion);
  expect(world.drone.builds(slug).map(({ status }) => status)).toEqual([conclusion]);
  await until(async () => (await world.cells()).length === 0, 'no cell is left');
  expect(
    world
      .audit()
      .filter(({ event }) => event === 'end')
      .map(({ verdict }) => verdict),
  ).toEqual([conclusion]);
}
/** Every line of the build once, and every end of a step once. */
function expectWhole({ lines }: PlayedJob): void {
  const all = ['clone', 'check', 'deploy'].flatMap(numbered);
  expect(lines.filter((line) => all.includes(line))).toEqual(all);
  expect(lines.filter((line) => /^[✓✗] /.test(line))).toHaveLength(4);
  expect(lines.filter((line) => line.includes('lines not shown'))).toEqual([]);
}

const phases: readonly (readonly [string, (job: PlayedJob) => Promise<void>, number])[] = [
  ['before its task', () => audited('rehearsal'), 0],
  ['when its task is decided', () => audited('task'), 1],
  ['when its order leaves', () => audited('order'), 1],
  ['when Drone is asked for the build', triggered, 1],
  ['while the first step runs', (job) => shown(job, 'clone 20'), 1],
  ['while the last step runs', (job) => shown(job, 'deploy 20'), 1],
];

describe('a gate that is killed', () => {
  test.for(phases)('%s: the job goes on with the next one', async ([, reached, notices]) => {
    await start();
    const job = world.job();
    await reached(job);
    await world.replaceGate();
    await expectEnd(job, 'success');
    expectWhole(job);
    expect(told(job, 'the gate was started anew').length, job.lines.join('\n')).toBeLessThanOrEqual(1);
    if (notices === 0) expect(told(job, 'the gate was started anew')).toEqual([]);
  });

  test('right after the end of the build: the author reads the true verdict', async () => {
    await start();
    const job = world.job();
    await audited('end');
    await world.replaceGate();
    await expectEnd(job, 'success');
  });

  test('again and again: the author reads it once', async () => {
    await start();
    const job = world.job();
    for (const line of ['clone 10', 'check 10', 'deploy 10']) {
      await shown(job, line);
      await world.replaceGate();
    }
    await expectEnd(job, 'success');
    expectWhole(job);
    expect(told(job, 'the gate was started anew')).toEqual([
      'airlock: the gate was started anew and goes on with this task',
    ]);
  });

  test('during a build that fails: it fails', async () => {
    await start({ scenario: pipeline('failure') });
    const job = world.job();
    await shown(job, 'check 10');
    await world.replaceGate();
    await expectEnd(job, 'failure');
  });

  test('with a token from the workflow: a living cell needs none', async () => {
    await start({ token: 'workflow' });
    const job = world.job();
    await shown(job, 'check 10');
    await world.replaceGate();
    await expectEnd(job, 'success');
    expectWhole(job);
  });

  test('serves the next job', async () => {
    await start();
    const first = world.job();
    await shown(first, 'clone 10');
    await world.replaceGate();
    expect((await first.result).conclusion).toBe('success');
    const cancelled = world.job();
    await cancelled.result;
    // The same job has had its task, and the ledger remembers that.
    expect(cancelled.lines.join('\n')).toContain('tasks-per-job');
  });
});

describe('a gate that is stopped in good order', () => {
  test('leaves the cell, and the next gate goes on at once', async () => {
    await start();
    const job = world.job();
    await shown(job, 'check 10');
    await world.stopGate();
    expect(await world.cells()).toMatchObject([{ running: true }]);
    world.startGate();
    await expectEnd(job, 'success');
    expectWhole(job);
  });
});

describe('a job that is cancelled while its gate is dead', () => {
  test('has its build cancelled by the next gate', async () => {
    await start();
    const job = world.job();
    await shown(job, 'check 10');
    const replaced = world.replaceGate();
    job.cancel();
    await replaced;
    await job.result;
    await until(() => world.drone.builds(slug)[0]?.status === 'killed', 'the build is killed');
    await until(async () => (await world.cells()).length === 0, 'no cell is left');
  });
});
