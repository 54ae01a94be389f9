// kill -9 of the gate at every phase of a job, with cells that outlive it: one build, the true verdict, nothing lost and
// nothing twice in the job's log, one line that says what happened, and no cell left.

import { describe, expect } from 'vitest';
import { audited, expectEnd, expectWhole, noCell, pipeline, shown, test, told, triggered } from './support/deaths.ts';
import { type PlayedJob, type World, slug, until } from './support/world.ts';

const phases: readonly (readonly [string, (world: World, job: PlayedJob) => Promise<void>, number])[] = [
  ['before its task', (world) => audited(world, 'rehearsal'), 0],
  ['when its task is decided', (world) => audited(world, 'task'), 1],
  ['when its order leaves', (world) => audited(world, 'order'), 1],
  ['when Drone is asked for the build', triggered, 1],
  ['while the first step runs', (_, job) => shown(job, 'clone 10'), 1],
  ['while the last step runs', (_, job) => shown(job, 'deploy 10'), 1],
];

describe('a gate that is killed', { timeout: 90_000 }, () => {
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

describe('a gate that is stopped in good order', { timeout: 90_000 }, () => {
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
