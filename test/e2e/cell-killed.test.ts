// kill -9 of a cell, alone and together with its gate: another one finds the build and looks after it. One build, the true
// verdict, no cell left; lines of the log may be repeated, which the author is told.

import { describe, expect } from 'vitest';
import { expectEnd, noCell, pipeline, shown, test, told, triggered } from './support/deaths.ts';
import { type PlayedJob, type World, slug, until } from './support/world.ts';

async function killCells(world: World): Promise<void> {
  for (const { id } of await world.cells()) await world.killCell(id);
}

const moments: readonly (readonly [string, (world: World, job: PlayedJob) => Promise<void>])[] = [
  ['while Drone is asked for the build', triggered],
  ['while the first step runs', (_, job) => shown(job, 'clone 10')],
  ['while the last step runs', (_, job) => shown(job, 'deploy 10')],
];

describe('a cell that is killed', { timeout: 90_000 }, () => {
  for (const [when, reached] of moments) {
    test(`${when} is replaced, and the build is looked after`, async ({ start }) => {
      const world = await start();
      const job = world.job();
      await reached(world, job);
      await killCells(world);
      await expectEnd(world, job, 'success');
      expect(told(job, 'the cell was lost: another one looks after the build (1 of 3)')).toHaveLength(1);
    });

    test(`${when}, together with its gate, is replaced by the next gate`, async ({ start }) => {
      const world = await start();
      const job = world.job();
      await reached(world, job);
      await Promise.all([world.replaceGate(), killCells(world)]);
      await expectEnd(world, job, 'success');
      expect(told(job, 'the gate was started anew')).toHaveLength(1);
    });
  }

  test('of a build that fails is replaced, and the build fails', async ({ start }) => {
    const world = await start({ scenario: pipeline('failure') });
    const job = world.job();
    await shown(job, 'check 10');
    await killCells(world);
    await expectEnd(world, job, 'failure');
  });

  test('with its gate, and whose token came from the workflow: the job brings it again', async ({ start }) => {
    const world = await start({ token: 'workflow' });
    const job = world.job();
    await shown(job, 'clone 10');
    await Promise.all([world.replaceGate(), killCells(world)]);
    await expectEnd(world, job, 'success');
  });

  test('while the author cancels is replaced by one that cancels', async ({ start }) => {
    const world = await start({ scenario: pipeline('success', Infinity) });
    const job = world.job();
    await shown(job, 'deploy 10');
    await Promise.all([world.replaceGate(), killCells(world)]);
    job.cancel();
    expect((await job.result).conclusion).toBe('cancelled');
    await until(() => world.drone.builds(slug)[0]?.status === 'killed', 'the build is killed');
    await noCell(world);
  });
});
