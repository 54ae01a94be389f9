// Promotions from the workflow's step to Drone and back, and kill -9 at each point on the way: one promotion at most,
// never of anything but the build that was chosen, and the true verdict.

import { describe, expect } from 'vitest';
import { defaultEvent } from '../../src/try/default-event.ts';
import { audited, noCell, pipeline, shown, test, told } from './support/deaths.ts';
import { type PlayedJob, type World, type WorldOptions, login, slug, until } from './support/world.ts';

const { sha, ref } = defaultEvent({ repository: slug });
const allow = `      - task: drone promote
        events: [push]
        refs: [refs/heads/main]
        targets: [production]
        params: { ENVIRONMENT: { values: [production] } }
`;
const step = '{ id: drone, run: drone promote, env: { DRONE_TARGET: production, PARAM_ENVIRONMENT: production } }';
const options: Partial<WorldOptions> = {
  allow,
  step,
  // A promotion that was never asked for is looked for this long.
  order: { lookup: 2_000 },
};
const old = {
  after: sha,
  ref,
  event: 'push',
  status: 'success',
  trigger: '@hook',
  sender: 'octo',
  params: {},
} as const;
const promotions = ({ drone }: World) => drone.builds(slug).filter(({ event }) => event === 'promote');
const asked = ({ drone }: World): number =>
  drone.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/promote')).length;
const requested = (world: World): Promise<void> => until(() => asked(world) > 0, 'the promotion');

async function killCells(world: World): Promise<void> {
  for (const { id } of await world.cells()) await world.killCell(id);
}

describe('a promotion', { timeout: 90_000 }, () => {
  test('is of the newest build that fits, which the author reads before it is made', async ({ start }) => {
    const world = await start(options);
    world.drone.plantBuild(slug, old);
    world.drone.plantBuild(slug, old);
    world.drone.plantBuild(slug, { ...old, after: 'd'.repeat(40) });
    world.drone.plantBuild(slug, { ...old, event: 'custom', trigger: login });
    const job = world.job();
    expect([(await job.result).conclusion, job.lines]).toEqual(['success', expect.anything()]);
    expect(promotions(world)).toMatchObject([
      { parent: 2, deployTo: 'production', after: sha, ref, status: 'success', params: { ENVIRONMENT: 'production' } },
    ]);
    const note = `Drone's build 2 ("${ref}" at "${sha}") is promoted to "production"`;
    const at = job.lines.findIndex((line) => line.includes(note));
    expect(at).toBeGreaterThan(-1);
    expect(at).toBeLessThan(job.lines.findIndex((line) => line.includes('deploy 1')));
    await noCell(world);
  });

  // biome-ignore format: a table is read by its columns
  for (const [what, more, message] of [
    ['whose commit is another', { after: 'd'.repeat(40) }, 'none of 1 has the event push or custom and the status success'],
    ['that somebody restarted with a parameter of his own', { params: { EVIL: 'x' } }, 'it brings the parameter "EVIL" along'],
    ['of a tag', { event: 'tag', ref: 'refs/tags/v1' }, 'none of 1 has the event push or custom'],
    ['that somebody started by a call', { event: 'custom', trigger: 'mallory' }, 'its event is custom, and the ledger does not say'],
  ] as const)
    test(`of a build ${what} is refused, and nothing is asked of Drone`, async ({ start }) => {
      const world = await start(options);
      world.drone.plantBuild(slug, { ...old, ...more });
      const job = world.job();
      expect((await job.result).conclusion).toBe('failure');
      const log = job.lines.join('\n');
      expect(log).toContain('build-not-allowed');
      expect(log).toContain(message);
      expect(log).toContain('What to do: ');
      expect(asked(world)).toBe(0);
      await noCell(world);
    });

  test('of a custom build is made where a job of this repository made that one', async ({ start }) => {
    const world = await start({ allow });
    expect((await world.job().result).conclusion).toBe('success');
    const promote = world.job(step);
    expect([(await promote.result).conclusion, promote.lines]).toEqual(['success', expect.anything()]);
    expect(promotions(world)).toMatchObject([{ parent: 1, params: { ENVIRONMENT: 'production' } }]);
  });
});

type Death = readonly [string, (world: World) => Promise<void>];
const deaths: readonly Death[] = [
  ['the gate', (world) => world.replaceGate()],
  ['the cell', killCells],
  ['gate and cell', async (world) => void (await Promise.all([world.replaceGate(), killCells(world)]))],
];
const moments: readonly (readonly [string, (world: World, job: PlayedJob) => Promise<void>, boolean])[] = [
  ['when the order leaves', (world) => audited(world, 'order'), false],
  ['when the choice is made', (world) => audited(world, 'choice'), false],
  ['when the promotion is asked for', (world) => requested(world), false],
  ['while it runs', (_, job) => shown(job, 'check 10'), true],
];

describe('kill -9', { timeout: 90_000 }, () => {
  for (const [when, reached, always] of moments)
    for (const [whose, kill] of deaths)
      test(`of ${whose} ${when}: one promotion at most, and its true verdict`, async ({ start }) => {
        const world = await start(options);
        world.drone.plantBuild(slug, old);
        const job = world.job();
        await reached(world, job);
        const chosen = world.audit().some(({ event }) => event === 'choice');
        await kill(world);
        const { conclusion } = await job.result;
        const made = promotions(world);
        expect(asked(world)).toBeLessThanOrEqual(1);
        expect(made.length).toBeLessThanOrEqual(1);
        // A choice that was written and may have been told is never told to another cell, so it may come to nothing.
        if (conclusion === 'success' || always || !chosen) {
          expect([conclusion, job.lines]).toEqual(['success', expect.anything()]);
          expect(made).toMatchObject([{ parent: 1, deployTo: 'production', status: 'success' }]);
        } else {
          expect(job.lines.join('\n')).toContain('trigger-unknown');
          expect(made).toEqual([]);
        }
        expect(told(job, 'the gate was started anew').length).toBeLessThanOrEqual(1);
        await noCell(world);
      });
});

test('a promotion that is cancelled while it runs is ended in Drone', { timeout: 90_000 }, async ({ start }) => {
  const world = await start({ ...options, scenario: pipeline('success', Infinity) });
  world.drone.plantBuild(slug, old);
  const job = world.job();
  await shown(job, 'deploy 10');
  job.cancel();
  expect((await job.result).conclusion).toBe('cancelled');
  await until(() => promotions(world)[0]?.status === 'killed', 'the promotion is killed');
  await noCell(world);
});
