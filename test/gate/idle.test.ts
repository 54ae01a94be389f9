// Idle cells: one for a runner, few for a repository, and what is on its way out counts until it is gone.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Ledger, type LedgerRecord, memoryLedger } from '../../src/gate/index.ts';
import { type FakeCells, fakeCells } from '../fakes/cells.ts';
import { type Bench, type BenchOptions, type TestRunner, eventually, startBench } from './support/bench.ts';
import type { Answer } from './support/http.ts';

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

describe('an idle cell that a task has taken over', () => {
  /** The job's idle cell is there, its task asks, and `phase` of the record is what goes wrong. */
  async function ask(
    swap: (next: LedgerRecord, swap: Ledger['swap']) => Promise<boolean>,
    limits = '',
  ): Promise<Answer> {
    const ledger = memoryLedger();
    await start({
      ledger: { ...ledger, swap: (next) => swap(next, (one) => ledger.swap(one)) },
      ...(limits === '' ? {} : { policyLimits: limits }),
    });
    const session = await (await bench.runner()).session();
    const claims = jobOf();
    await session.rehearse(claims);
    await eventually(() => bench.cells.cells.length === 1);
    return session.ask({}, claims);
  }
  const placeIsFree = async (): Promise<void> => {
    await eventually(() => bench.cells.alive() === 0);
    expect((await (await (await bench.runner()).session()).task({}, jobOf())).phase).toBe('starting');
  };

  test('is removed when the ledger fails before the task may use it, and its place is free', async () => {
    let full = true;
    const answer = await ask((next, swap) => {
      if (next.phase !== 'starting' || !full) return swap(next);
      full = false;
      return Promise.reject(new Error('disk full'));
    }, 'tasksAtOnce: 1');
    expect(answer).toMatchObject({ status: 500, body: { failed: { code: 'ledger-failed' } } });
    await placeIsFree();
    expect(bench.cells.cells[0]!.received.filter((line) => 'nonce' in line)).toEqual([]);
  });

  test('is removed when the order cannot be made, and its place is free', async () => {
    const answer = await ask((next, swap) => {
      const file = join(bench.folder, 'drone-token');
      if (next.phase === 'starting') rmSync(file, { force: true });
      return swap(next);
    }, 'tasksAtOnce: 1');
    expect(answer).toMatchObject({ status: 200 });
    await eventually(() => bench.cells.alive() === 0);
    writeFileSync(join(bench.folder, 'drone-token'), 'the-drone-token\n');
    expect(bench.audit().find(({ event }) => event === 'end')).toMatchObject({ verdict: 'error', code: 'gate-failed' });
    await placeIsFree();
  });

  test('is used, and removed once, when nothing goes wrong', async () => {
    expect(await ask((next, swap) => swap(next))).toMatchObject({ status: 200 });
    await eventually(() => bench.cells.alive() === 0);
    expect(bench.cells.cells).toHaveLength(1);
    expect(bench.cells.orders()).toHaveLength(1);
  });
});
