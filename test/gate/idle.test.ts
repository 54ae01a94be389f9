// Idle cells: one for a runner, few for a repository, and what is on its way out counts until it is gone.

import { afterEach, describe, expect, test } from 'vitest';
import { type FakeCells, fakeCells } from '../fakes/cells.ts';
import { type Bench, type BenchOptions, type TestRunner, eventually, startBench } from './support/bench.ts';

let bench: Bench;
const start = async (options: BenchOptions): Promise<Bench> => (bench = await startBench(options));
afterEach(() => bench.stop());

let runs = 0;
const jobOf = (repository = 'octo/app', id = '123456'): { readonly [claim: string]: string } => {
  const number = String(7_000 + runs++);
  const workflow = `${repository}/.github/workflows/deploy.yml@refs/heads/main`;
  return { repository, repository_id: id, run_id: number, check_run_id: number, workflow_ref: workflow };
};
const rehearse = async (runner: TestRunner, claims = jobOf()): Promise<void> => {
  expect(await (await runner.session()).rehearse(claims)).toMatchObject({ status: 200 });
};
/** Long enough for a cell that should not come. */
const quiet = (): Promise<void> => new Promise((done) => setTimeout(done, 50));
/** Cells that come up, and so can be removed, when they are released. */
function heldCells(): { readonly cells: FakeCells; readonly release: () => void } {
  let release = (): void => undefined;
  const held = new Promise<void>((done) => (release = done));
  return { cells: fakeCells({ starting: () => held }), release: () => release() };
}
const other = `
  - repository: octo/other
    id: 777
    drone: internal
    pipeline: same
    allow: [{ task: drone build, events: [push], refs: [refs/heads/main] }]
`;

describe('a runner', () => {
  test('has one idle cell, and none while its last one is still there', async () => {
    const { cells, release } = heldCells();
    await start({ cells });
    const runner = await bench.runner('churns', false);
    for (let n = 0; n < 5; n++) await rehearse(runner);
    await quiet();
    expect(cells.alive()).toBe(1);
    release();
    await eventually(() => cells.alive() === 0);
    // The allowed twin: what it had is gone.
    await rehearse(runner);
    await eventually(() => cells.alive() === 1);
    expect(cells.peak()).toBe(1);
  });

  test('that opens sessions again and again takes no place that a task of others needs', async () => {
    const cells = fakeCells({ starting: () => new Promise((done) => setTimeout(done, 100)), removal: 50 });
    await start({ cells, policyLimits: 'tasksAtOnce: 2', repositories: other });
    const runner = await bench.runner('churns', false);
    for (let n = 0; n < 5; n++) await rehearse(runner);
    const victim = await (await bench.runner()).session();
    expect((await victim.task({}, jobOf('octo/other', '777'))).phase).toBe('starting');
  });

  test('keeps its cell out of others’ way only until its own task has taken it over', async () => {
    await start({ cells: fakeCells({ act: () => undefined }) });
    const runner = await bench.runner('works', false);
    const first = jobOf();
    const session = await runner.session();
    await session.rehearse(first);
    await eventually(() => bench.cells.alive() === 1);
    await session.task({}, first);
    await rehearse(runner);
    await eventually(() => bench.cells.alive() === 2);
    expect(bench.cells.orders()).toHaveLength(1);
  });
});

describe('a repository', () => {
  const limits = (policy: Bench['policy']): Bench['policy'] => ({
    ...policy,
    limits: { ...policy.limits, perRepository: { atOnce: 2, perHour: 100 } },
  });

  test('has as many idle cells as it may have tasks at once, on however many runners; another has its own', async () => {
    await start({ change: limits, repositories: other });
    for (let n = 0; n < 4; n++) await rehearse(await bench.runner());
    await eventually(() => bench.cells.alive() === 2);
    await quiet();
    expect(bench.cells.cells).toHaveLength(2);
    await rehearse(await bench.runner(), jobOf('octo/other', '777'));
    await eventually(() => bench.cells.alive() === 3);
  });

  test('has no more while some of them are being removed', async () => {
    const { cells, release } = heldCells();
    await start({ change: limits, cells });
    const sessions = [await (await bench.runner()).session(), await (await bench.runner()).session()];
    for (const session of sessions) await session.rehearse(jobOf());
    await eventually(() => cells.alive() === 2);
    for (const session of sessions) await session.close();
    await rehearse(await bench.runner());
    await quiet();
    release();
    await eventually(() => cells.alive() === 0);
    expect(cells.peak()).toBe(2);
    await rehearse(await bench.runner());
    await eventually(() => cells.alive() === 1);
  });
});
