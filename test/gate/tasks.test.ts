// A task's way through the gate, whatever happens to its cell, its runner, its place or its author.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Ledger, fileAudit, memoryLedger } from '../../src/gate/index.ts';
import type { LedgerRecord } from '../../src/gate/ledger/record.ts';
import type { Event, ResultEvent } from '../../src/protocol/index.ts';
import { Failure } from '../../src/protocol/index.ts';
import { type FakeCell, type FakeCellsOptions, build, fakeCells, result, state } from '../fakes/cells.ts';
import { type Bench, type BenchOptions, type TestSession, eventually, hex, startBench } from './support/bench.ts';
import { type EventReader, readEvents } from './support/http.ts';

let bench: Bench;
const start = async (options: BenchOptions = {}, cells: FakeCellsOptions = {}): Promise<Bench> =>
  (bench = await startBench({ ...options, cells: fakeCells(cells) }));
afterEach(() => bench.stop());

let jobs = 0;
/** A job of its own on a runner of its own. */
async function job(repository: { readonly id: string; readonly name: string } = { id: '123456', name: 'octo/app' }) {
  const number = String(5_000 + jobs++);
  const session = await (await bench.runner()).session();
  const claims = { run_id: number, check_run_id: number, repository_id: repository.id, repository: repository.name };
  return {
    session,
    claims,
    ask: (body = {}) => session.ask(body, claims),
    task: (body = {}) => session.task(body, claims),
  };
}
const isResult = (event: Event): event is ResultEvent => event.k === 'result';
const resultOf = (reader: EventReader): Promise<ResultEvent> => reader.until(isResult) as Promise<ResultEvent>;
const cellOf = async (): Promise<FakeCell> => {
  await eventually(() => bench.cells.orders().length > 0);
  return bench.cells.cells.find((cell) => cell.received.length > 0)!;
};
const nothing = (): void => undefined;
/** A build that runs, and whatever else the cell says. */
const workAnd = (cell: FakeCell, ...more: (object | string)[]): void => {
  for (const line of [state(1, { phase: 'preflight' }), state(2, { build: build(7) }), ...more]) cell.say(line);
};
const working = (cell: FakeCell): void => workAnd(cell);
const gone = (): Promise<void> => eventually(() => bench.cells.alive() === 0);
const noNumber = { number: '', url: '', commit: '', started: '', finished: '' };

describe('a cell', () => {
  test('that fails to start is told to the author, and nothing was asked of Drone', async () => {
    await start({}, { starting: () => Promise.reject(new Failure('cell-start-failed', 'the image is not there')) });
    const { reader } = await (await job()).task();
    expect(await resultOf(reader)).toMatchObject({
      verdict: 'error',
      code: 'cell-start-failed',
      message: 'the image is not there',
      outputs: noNumber,
    });
    await gone();
  });

  test('that takes too long to start is given up, and removed when it comes late', async () => {
    let release = nothing;
    await start({ timing: { cellStart: 50 } }, { starting: () => new Promise<void>((done) => (release = done)) });
    const { reader } = await (await job()).task();
    expect(await resultOf(reader)).toMatchObject({
      verdict: 'error',
      code: 'cell-start-failed',
      message: 'the cell was not there after 0.05 s',
    });
    release();
    await gone();
    expect(bench.cells.orders()).toEqual([]);
  });

  test('that ends without a result leaves the verdict open, never green', async () => {
    await start(
      {},
      {
        act(cell) {
          working(cell);
          cell.end(0);
        },
      },
    );
    // It was replaced three times, by cells that ended, too.
    const { reader } = await (await job()).task();
    expect(await resultOf(reader)).toMatchObject({
      n: 9,
      verdict: 'unknown',
      code: 'cell-lost',
      message: "the cell ended without a result: it ended with exit code 0. Drone's build 7 may go on: look there",
      outputs: { number: '7', status: 'unknown' },
    });
    await gone();
  });

  test('that ends before its first word says what to look for', async () => {
    await start({ timing: { rescue: 10 } }, { act: (cell) => cell.end(137, 'it was killed') });
    const { reader } = await (await job()).task();
    expect(await resultOf(reader)).toMatchObject({
      n: 1,
      verdict: 'unknown',
      message:
        'the cell ended without a result: it was killed. Drone may have been asked for a build: look there before trying again',
    });
  });

  test.for<[string, (cell: FakeCell) => void]>([
    ['skips a state and then says success', (cell) => workAnd(cell, result(4))],
    ['says success without a number', (cell) => workAnd(cell, result(3, 'success', ''))],
    ['writes noise', (cell) => workAnd(cell, 'Segmentation fault')],
  ])('that %s is not believed and removed', async ([, act]) => {
    await start({}, { act });
    const { reader } = await (await job()).task();
    expect(await resultOf(reader)).toMatchObject({
      verdict: 'unknown',
      code: 'cell-misbehaved',
      outputs: { number: '7' },
    });
    await gone();
    await eventually(() => bench.audit().at(-1)?.event === 'end');
    expect(bench.audit().at(-1)).toMatchObject({
      event: 'end',
      verdict: 'unknown',
      code: 'cell-misbehaved',
      number: 7,
    });
  });

  test('that speaks before its order is not used', async () => {
    await start();
    const { session, claims, task } = await job();
    await session.rehearse(claims);
    await eventually(() => bench.cells.cells.length === 1);
    bench.cells.cells[0]!.say(state(1));
    bench.cells.cells[0]!.say(result(2));
    await new Promise((done) => setTimeout(done, 20));
    const { reader } = await task();
    expect(await resultOf(reader)).toMatchObject({ verdict: 'success', n: 3 });
    expect([bench.cells.cells.length, bench.cells.cells[0]!.received]).toEqual([2, []]);
  });

  test('that says nothing after its order is given up', async () => {
    await start({ timing: { firstEvent: 100 } }, { act: nothing });
    const { reader } = await (await job()).task();
    expect(await resultOf(reader)).toMatchObject({
      verdict: 'unknown',
      code: 'cell-misbehaved',
      message: expect.stringMatching(/^the cell said nothing for 0 s/),
    });
    await gone();
  });

  test('that never ends is told to cancel, and then given up', async () => {
    const order = { call: 1, trigger: 1, lookup: 1, cancel: 1, poll: 1, lost: 1 };
    const short = (policy: Bench['policy']): Bench['policy'] => ({
      ...policy,
      limits: { ...policy.limits, queue: 20, run: 20 },
    });
    await start({ timing: { order, margin: 50 }, change: short }, { act: working });
    const { reader } = await (await job()).task();
    const cell = await cellOf();
    await cell.heard((line) => 'cancel' in line && line.cancel === 'limit');
    expect(await resultOf(reader)).toMatchObject({
      verdict: 'unknown',
      code: 'cell-misbehaved',
      message: expect.stringMatching(/^the cell was told to cancel and did not end/),
    });
    await gone();
  });

  test('is told that it may end, after its result, and what it says later changes nothing', async () => {
    await start({}, { act: (cell) => workAnd(cell, result(3), state(4), 'noise') });
    const { reader } = await (await job()).task();
    expect(await resultOf(reader)).toMatchObject({ verdict: 'success', n: 3 });
    await reader.ended;
    expect((await cellOf()).received.at(-1)).toEqual({ end: true });
    await gone();
  });

  test('is read at full speed while its runner reads nothing; the runner gets the newest lines and the gap shows', {
    timeout: 60_000,
  }, async () => {
    const lines = Array.from({ length: 50 }, (_none, at) => `${at} ${'x'.repeat(200)}`);
    let burst: (() => void) | undefined;
    await start(
      {},
      {
        act(cell) {
          working(cell);
          // A runner that reads is waited for, so the burst begins when it does no more.
          burst = () => {
            for (let n = 0; n < 2_000; n++) cell.say({ k: 'log', n: 1 + n * 50, step: 's', lines });
            cell.say(result(3));
          };
        },
      },
    );
    const { task } = await job();
    const { id, reader } = await task();
    await eventually(() => burst !== undefined);
    reader.pause();
    burst?.();
    await eventually(() => bench.audit().some(({ event, order }) => event === 'end' && order === id));
    reader.resume();
    expect(await resultOf(reader)).toMatchObject({ verdict: 'success' });
    const numbers = reader.events.flatMap((event) =>
      event.k === 'log' ? [event.n, event.n + event.lines.length] : [],
    );
    expect(numbers.at(-1)).toBe(100_001);
    const shown = reader.events.reduce((sum, event) => sum + (event.k === 'log' ? event.lines.length : 0), 0);
    expect(shown).toBeLessThan(20_000);
  });
});

describe('secrets', () => {
  test.for([
    ['missing', null, "the gate cannot read the Drone's token; tell its operator"],
    ['empty', '\n', "the gate's file with the Drone's token is empty; tell its operator"],
  ] as const)(
    'a Drone token that is %s costs the job no slot, and its path is not told',
    async ([, content, message]) => {
      await start({
        change: (policy) => ({
          ...policy,
          drones: new Map([['internal', { server: 'https://d', token: { file: `/nonexistent/${jobs}` } }]]),
        }),
      });
      const file = join(bench.folder, 'other-token');
      Object.assign(bench.policy.drones.get('internal')!.token, { file });
      if (content !== null) writeFileSync(file, content);
      const { ask, task } = await job();
      const refused = await ask();
      expect(refused).toEqual({ status: 500, body: { failed: { code: 'gate-failed', message } } });
      writeFileSync(file, 'rotated-token\n');
      await resultOf((await task()).reader);
      expect(bench.cells.orders()).toMatchObject([{ drone: { token: 'rotated-token' } }]);
    },
  );

  test('the token of the workflow is used where the policy says so, and only there', async () => {
    await start({
      change: (policy) => ({ ...policy, drones: new Map([['internal', { server: 'https://d', token: 'workflow' }]]) }),
    });
    const { ask, task } = await job();
    expect(await ask()).toMatchObject({
      status: 403,
      body: {
        refused: {
          code: 'drone-token-missing',
          message: 'this Drone takes its token from the workflow, and the step has none',
        },
      },
    });
    await resultOf((await task({ droneToken: 'from-the-workflow' })).reader);
    expect(bench.cells.orders()).toMatchObject([{ drone: { token: 'from-the-workflow' } }]);
    expect(JSON.stringify(bench.audit())).not.toContain('from-the-workflow');
    await bench.stop();
    await start();
    await resultOf((await (await job()).task({ droneToken: 'from-the-workflow' })).reader);
    expect(bench.cells.orders()).toMatchObject([{ drone: { token: 'the-drone-token' } }]);
  });

  test('neither tokens nor the values of parameters are in the audit log', async () => {
    await start();
    const { task } = await job();
    await resultOf((await task({ params: { NOTE: 'private words' } })).reader);
    const text = JSON.stringify(bench.audit());
    expect(text).toContain('"params":["NOTE"]');
    for (const secret of ['private words', 'the-drone-token', 'eyJ']) expect(text).not.toContain(secret);
  });
});

describe('a cancel', () => {
  test('reaches the cell once, after the ledger says so, and the cell has the last word', async () => {
    const ledger = memoryLedger();
    await start({ ledger }, { act: working });
    const { session, task } = await job();
    const { id, reader } = await task();
    await reader.until((event) => event.k === 'state' && event.n === 2);
    for (let n = 0; n < 3; n++)
      expect(await session.runner.call('POST', `/v1/tasks/${id}/cancel`, {})).toEqual({ status: 200, body: {} });
    const cell = await cellOf();
    expect(cell.received.filter((line) => 'cancel' in line)).toEqual([{ cancel: 'author' }]);
    expect(await ledger.list({})).toMatchObject([{ record: { phase: 'cancelling', number: 7 } }]);
    cell.say(result(3, 'cancelled', '7', 'cancelled'));
    expect(await resultOf(reader)).toMatchObject({ verdict: 'cancelled', message: 'said by the cell' });
    expect(await session.runner.call('POST', `/v1/tasks/${id}/cancel`, {})).toEqual({ status: 200, body: {} });
    expect(await ledger.list({})).toMatchObject([{ record: { phase: 'ended', verdict: 'cancelled' } }]);
  });

  test('while the cell starts ends the task without an order', async () => {
    let release = nothing;
    await start({}, { starting: () => new Promise<void>((done) => (release = done)) });
    const { session, task } = await job();
    const { id, reader } = await task();
    await session.runner.call('POST', `/v1/tasks/${id}/cancel`, {});
    expect(await resultOf(reader)).toMatchObject({
      verdict: 'cancelled',
      code: 'cancelled',
      message: 'the task was cancelled before anything was asked of Drone',
      outputs: noNumber,
    });
    release();
    await gone();
    expect(bench.cells.orders()).toEqual([]);
  });

  test('while the task waits ends it, and its place goes to the next', async () => {
    await start({ policyLimits: 'tasksAtOnce: 1' }, { act: working });
    const running = await (await job()).task();
    const waiting = await job();
    const { id, reader, phase } = await waiting.task();
    expect(phase).toBe('waiting');
    await waiting.session.runner.call('POST', `/v1/tasks/${id}/cancel`, {});
    expect(await resultOf(reader)).toMatchObject({ verdict: 'cancelled', outputs: noNumber });
    expect(bench.cells.orders()).toHaveLength(1);
    running.reader.close();
  });
});

describe('a place', () => {
  const prove = async (session: TestSession, id: string, claims: object): Promise<unknown> => {
    const { status, body } = await session.runner.call('POST', `/v1/tasks/${id}/proof`, {
      token: await session.token({ ...claims }),
    });
    return body.refused === undefined ? status : [status, body.refused.code, body.refused.message];
  };
  const isTurn = (event: Event): boolean => event.k === 'turn';

  test('is waited for, told by a turn, and given for a fresh proof', async () => {
    await start({ policyLimits: 'tasksAtOnce: 1' }, { act: working });
    const first = await (await job()).task();
    const second = await job();
    const { id, reader, phase } = await second.task();
    expect(phase).toBe('waiting');
    expect(await reader.until((event) => event.k === 'ping')).toEqual({ k: 'ping', ahead: 0 });
    expect(await prove(second.session, id, second.claims)).toEqual([409, 'turn-missed', "it is not this task's turn"]);
    (await cellOf()).say(result(3));
    await resultOf(first.reader);
    await reader.until(isTurn);
    expect(bench.cells.orders()).toHaveLength(1);
    expect(await prove(second.session, id, { ...second.claims, ref: 'refs/heads/evil', exp: 1 })).toEqual([
      403,
      'token-refused',
      expect.any(String),
    ]);
    expect(await prove(second.session, id, second.claims)).toBe(200);
    expect(await prove(second.session, id, second.claims)).toBe(200);
    await eventually(() => bench.cells.orders().length === 2);
    bench.cells.cells.at(-1)!.say(result(3));
    expect(await resultOf(reader)).toMatchObject({ verdict: 'success' });
    expect(bench.cells.peak()).toBe(1);
  });

  test('goes on to the next when the turn is missed; who misses two is out', { timeout: 60_000 }, async () => {
    await start({ policyLimits: 'tasksAtOnce: 1', timing: { turn: 150 } }, { act: working });
    const first = await (await job()).task();
    const [asleep, awake] = [await job(), await job()];
    const sleeping = await asleep.task();
    const waiting = await awake.task();
    (await cellOf()).say(result(3));
    await resultOf(first.reader);
    await waiting.reader.until(isTurn);
    expect(await prove(awake.session, waiting.id, awake.claims)).toBe(200);
    await eventually(() => bench.cells.orders().length === 2);
    bench.cells.cells.at(-1)!.say(result(3));
    await resultOf(waiting.reader);
    expect(await resultOf(sleeping.reader)).toMatchObject({
      verdict: 'error',
      code: 'turn-missed',
      message: 'the task had its turn twice and the job did not prove itself',
      outputs: noNumber,
    });
    expect(bench.cells.orders()).toHaveLength(2);
    // The place is free again.
    expect((await (await job()).task()).phase).toBe('starting');
  });

  test('is not given to a job that may not have it any more', async () => {
    await start({ policyLimits: 'tasksAtOnce: 1' }, { act: working });
    const first = await (await job()).task();
    const second = await job();
    const { id, reader } = await second.task();
    (await cellOf()).say(result(3));
    await resultOf(first.reader);
    await reader.until(isTurn);
    expect(await prove(second.session, id, { ...second.claims, ref: 'refs/heads/other' })).toEqual([
      403,
      'ref-not-allowed',
      expect.any(String),
    ]);
    expect(await resultOf(reader)).toMatchObject({ verdict: 'error', code: 'ref-not-allowed' });
    expect(bench.cells.orders()).toHaveLength(1);
  });

  test('that does not come in time ends the task with a code of its own', async () => {
    await start(
      { policyLimits: 'tasksAtOnce: 1', change: (policy) => ({ ...policy, limits: { ...policy.limits, wait: 100 } }) },
      { act: working },
    );
    await (await job()).task();
    const { reader } = await (await job()).task();
    expect(await resultOf(reader)).toMatchObject({
      verdict: 'error',
      code: 'no-place-in-time',
      message: 'no place became free within 0 s',
    });
  });

  test('is not waited for when the list is full', async () => {
    await start({ policyLimits: 'tasksAtOnce: 1', bounds: { waiting: 1 } }, { act: working });
    await (await job()).task();
    await (await job()).task();
    const last = await job();
    expect(await last.ask()).toMatchObject({
      status: 403,
      body: { refused: { code: 'waiting-list-full', message: 'every place is taken and the waiting list is full' } },
    });
  });

  test('of an idle cell is yielded to a task, and there are never more cells than places', async () => {
    await start({ policyLimits: 'tasksAtOnce: 1' }, { removal: 50 });
    const idle = await job();
    await idle.session.rehearse(idle.claims);
    await eventually(() => bench.cells.cells.length === 1);
    expect(await resultOf((await (await job()).task()).reader)).toMatchObject({ verdict: 'success' });
    expect([bench.cells.cells[0]!.removed, bench.cells.cells[0]!.received]).toEqual([true, []]);
    await gone();
    expect(await resultOf((await idle.task()).reader)).toMatchObject({ verdict: 'success' });
    expect(bench.cells.peak()).toBe(1);
  });

  test('of an idle cell is given back when its session closes, and the cell is replaced when it is old', async () => {
    await start({ timing: { idleCell: 60 } });
    const { session, claims } = await job();
    await session.rehearse(claims);
    await eventually(() => bench.cells.cells.length >= 3);
    expect(bench.cells.peak()).toBe(1);
    await session.close();
    await gone();
    expect(bench.cells.orders()).toEqual([]);
  });

  test('goes round robin over repositories', { timeout: 60_000 }, async () => {
    const other = { id: '777', name: 'octo/other' };
    const repositories = `
  - repository: octo/other
    id: 777
    drone: internal
    pipeline: same
    allow: [{ task: drone build, events: [push], refs: [refs/heads/main] }]
`;
    await start({ policyLimits: 'tasksAtOnce: 1', repositories }, { act: working });
    await (await job()).task();
    const flood = [await job(), await job(), await job()];
    const order: string[] = [];
    const follow = async (name: string, one: Awaited<ReturnType<typeof job>>): Promise<void> => {
      const { id, reader } = await one.task();
      void reader.until(isTurn).then(() => {
        order.push(name);
        return prove(one.session, id, one.claims);
      });
    };
    for (const [at, one] of flood.entries()) await follow(`app-${at}`, one);
    await follow('other', await job(other));
    for (let turn = 1; turn <= 4; turn++) {
      await eventually(() => bench.cells.orders().length === turn);
      bench.cells.cells.at(-1)!.say(result(3));
    }
    await eventually(() => bench.cells.orders().length === 5);
    expect(order).toEqual(['app-0', 'other', 'app-1', 'app-2']);
    expect(bench.cells.peak()).toBe(1);
  });
});

describe('a runner', () => {
  test('that falls silent leaves its build to finish, by default', async () => {
    const ledger = memoryLedger();
    await start({ ledger, timing: { runnerSilent: 80 } }, { act: working });
    const { task } = await job();
    const { reader } = await task();
    await reader.until((event) => event.k === 'state' && event.n === 2);
    reader.close();
    await new Promise((done) => setTimeout(done, 300));
    const cell = await cellOf();
    expect(cell.received).toHaveLength(1);
    cell.say(result(3));
    await gone();
    expect(await ledger.list({})).toMatchObject([{ record: { verdict: 'success' } }]);
  });

  test('that falls silent has its build cancelled where the policy says so, and not while it reads', async () => {
    await start({ entry: 'whenLost: cancel', timing: { runnerSilent: 80, stream: 400 } }, { act: working });
    const { task } = await job();
    const { id, reader } = await task();
    await new Promise((done) => setTimeout(done, 250));
    const cell = await cellOf();
    expect(cell.received).toHaveLength(1);
    reader.close();
    await cell.heard((line) => 'cancel' in line && line.cancel === 'runner-lost');
    expect(bench.cells.orders()[0]!.id).toBe(id);
  });

  test('that falls silent while its task waits gives its seat to others', async () => {
    await start({ policyLimits: 'tasksAtOnce: 1', timing: { runnerSilent: 80 } }, { act: working });
    await (await job()).task();
    const waiting = await job();
    const { reader } = await waiting.task();
    reader.close();
    await eventually(() =>
      bench
        .audit()
        .some(({ event, code, message }) => event === 'end' && code === 'turn-missed' && message === undefined),
    );
    expect(bench.cells.orders()).toHaveLength(1);
  });

  test('that asks for events again ends its older reading, so one task has one reader', async () => {
    await start({}, { act: working });
    const { session, task } = await job();
    const { id, reader } = await task();
    await reader.until((event) => event.k === 'state');
    const newer = readEvents(session.runner.path, id, 'state=1&log=0');
    await reader.ended;
    await newer.until((event) => event.k === 'state' && event.n === 2);
    newer.close();
  });

  test('that lost its session finds its task again by its request, after a new proof', async () => {
    await start({}, { act: working });
    const { session, claims, ask } = await job();
    const request = hex();
    const { body } = await ask({ request });
    const again = await session.runner.session();
    expect(await session.runner.call('GET', `/v1/tasks/${body.task}/events`)).toMatchObject({
      status: 404,
      body: { refused: { code: 'task-unknown' } },
    });
    expect(await again.ask({ request, token: 'x' }, claims)).toMatchObject({
      status: 403,
      body: { refused: { code: 'token-refused' } },
    });
    expect((await again.ask({ request }, claims)).body.task).toBe(body.task);
    const reader = readEvents(session.runner.path, body.task);
    (await cellOf()).say(result(3));
    expect(await resultOf(reader)).toMatchObject({ verdict: 'success' });
    expect(bench.cells.orders()).toHaveLength(1);
  });

  test('whose session closes keeps a task that has its order, and loses one that waits', async () => {
    const ledger = memoryLedger();
    await start({ ledger, policyLimits: 'tasksAtOnce: 1' }, { act: working });
    const [first, second] = [await job(), await job()];
    await first.task();
    await second.task();
    await cellOf();
    await first.session.close();
    await second.session.close();
    const phases = async () =>
      (await ledger.list({})).map((one) => 'record' in one && [one.record.phase, one.record.verdict]);
    await eventually(() => bench.audit().some(({ event }) => event === 'end'));
    expect(await phases()).toEqual([
      ['building', null],
      ['ended', 'cancelled'],
    ]);
    expect((await cellOf()).received).toHaveLength(1);
  });
});

describe('a session that closes while its task is decided', () => {
  /** Something that is waited for, and how to let it go on. */
  function held(): {
    readonly wait: () => Promise<void>;
    readonly reached: () => boolean;
    readonly release: () => void;
  } {
    let release = nothing;
    let reached = false;
    const open = new Promise<void>((done) => (release = done));
    const wait = (): Promise<void> => {
      reached = true;
      return open;
    };
    return { wait, reached: () => reached, release: () => release() };
  }

  test('before its slot is taken costs the job no slot', async () => {
    const { wait, reached, release } = held();
    const ledger = memoryLedger();
    await start({ ledger: { ...ledger, bind: (runner, key) => wait().then(() => ledger.bind(runner, key)) } });
    const { session, ask } = await job();
    const asked = ask();
    await eventually(reached);
    await session.close();
    release();
    expect(await asked).toMatchObject({
      status: 404,
      body: { refused: { code: 'session-unknown', message: 'this runner has no such session' } },
    });
    expect([await ledger.list({}), bench.cells.cells]).toEqual([[], []]);
  });

  test.for(['ledger', 'audit'])('when the %s has it already ends the task without a cell', async (where) => {
    const { wait, reached, release } = held();
    const ledger = memoryLedger();
    await start({
      ledger: where === 'ledger' ? { ...ledger, create: (record) => wait().then(() => ledger.create(record)) } : ledger,
      async audit(file) {
        const audit = await fileAudit(file);
        if (where === 'ledger') return audit;
        return {
          ...audit,
          write: (entry) => (entry.event === 'task' ? wait() : Promise.resolve()).then(() => audit.write(entry)),
        };
      },
    });
    const { session, ask } = await job();
    const asked = ask();
    await eventually(reached);
    await session.close();
    release();
    expect(await asked).toMatchObject({ status: 200, body: { phase: 'ended' } });
    await eventually(() => bench.audit().some(({ event }) => event === 'end'));
    expect(await ledger.list({})).toMatchObject([{ record: { phase: 'ended', verdict: 'cancelled' } }]);
    expect(bench.cells.cells).toEqual([]);
  });
});

describe('a ledger that fails', () => {
  const failing = (when: (phase: string) => boolean): Ledger => {
    const ledger = memoryLedger();
    return {
      ...ledger,
      create: (record) => (when('create') ? Promise.reject(new Error('disk full')) : ledger.create(record)),
      swap: (next) => (when(next.phase) ? Promise.reject(new Error('disk full')) : ledger.swap(next)),
    };
  };

  test('at the first record: nothing starts', async () => {
    await start({ ledger: failing((phase) => phase === 'create') });
    expect(await (await job()).ask()).toMatchObject({
      status: 500,
      body: { failed: { code: 'ledger-failed', message: 'the ledger cannot be used, so nothing is done' } },
    });
    expect(bench.cells.cells).toEqual([]);
  });

  test('at the order: the cell gets none', async () => {
    await start({ ledger: failing((phase) => phase === 'ordered') });
    const { reader } = await (await job()).task();
    expect(await resultOf(reader)).toMatchObject({ verdict: 'error', code: 'ledger-failed' });
    expect(bench.cells.orders()).toEqual([]);
    await gone();
  });

  test('at a cancel: it is not sent, and the caller may try again', async () => {
    let full = true;
    await start({ ledger: failing((phase) => phase === 'cancelling' && full) }, { act: working });
    const { session, task } = await job();
    const { id, reader } = await task();
    await reader.until((event) => event.k === 'state' && event.n === 2);
    expect(await session.runner.call('POST', `/v1/tasks/${id}/cancel`, {})).toMatchObject({
      status: 500,
      body: { failed: { code: 'ledger-failed' } },
    });
    const cell = await cellOf();
    expect(cell.received).toHaveLength(1);
    full = false;
    await session.runner.call('POST', `/v1/tasks/${id}/cancel`, {});
    await cell.heard((line) => 'cancel' in line);
  });

  test("at the end: the runner still gets the cell's word, and the cell is removed", async () => {
    await start({ ledger: failing((phase) => phase === 'ended') });
    const { reader } = await (await job()).task();
    expect(await resultOf(reader)).toMatchObject({ verdict: 'success', outputs: { number: '7' } });
    await gone();
  });

  test('held by another gate: calls are answered by "standby", nothing is ended, and nothing is sent to a cell', async () => {
    let epoch: number | null = 1;
    const timing = { runnerSilent: 50, firstEvent: 50, session: 60_000 };
    await start(
      { ledger: { ...memoryLedger(), epoch: () => epoch }, timing, entry: 'whenLost: cancel' },
      { act: nothing },
    );
    const { session, task } = await job();
    const { id, reader } = await task();
    const cell = await cellOf();
    epoch = null;
    expect(await session.runner.call('POST', '/v1/sessions', { v: 1, image: 'airlock' })).toEqual({
      status: 503,
      body: { code: 'standby' },
    });
    expect(await session.runner.call('POST', `/v1/tasks/${id}/cancel`, {})).toEqual({
      status: 503,
      body: { code: 'standby' },
    });
    await new Promise((done) => setTimeout(done, 200));
    working(cell);
    cell.say(result(3));
    await reader.ended;
    expect(reader.events.some(isResult)).toBe(false);
    expect([cell.received.length, cell.removed]).toEqual([1, false]);
    expect(bench.audit().some(({ event }) => event === 'end')).toBe(false);
  });

  test('that another gate has changed: the task is left to it, and its cell is not touched', async () => {
    const ledger = memoryLedger();
    await start({ ledger }, { act: nothing });
    const { reader } = await (await job()).task();
    const cell = await cellOf();
    const [stored] = await ledger.list({});
    if (stored === undefined || !('record' in stored)) throw new Error('no record');
    await ledger.swap({ ...stored.record, rev: stored.record.rev + 1, epoch: 2 });
    cell.end(137);
    await reader.ended;
    expect(reader.events.some(isResult)).toBe(false);
    expect([cell.received.length, cell.removed]).toEqual([1, false]);
  });

  test('lost between the start of a cell and its order: the cell is removed without one', async () => {
    let epoch: number | null = 1;
    let release = nothing;
    await start(
      { ledger: { ...memoryLedger(), epoch: () => epoch } },
      { starting: () => new Promise<void>((done) => (release = done)) },
    );
    const { reader } = await (await job()).task();
    await eventually(() => release !== nothing);
    epoch = null;
    release();
    await gone();
    await reader.ended;
    expect([reader.events, bench.cells.orders()]).toEqual([[], []]);
  });

  // The gate was stalled in the middle of the write: its record stands, and the next holder goes on with the cell in it.
  const lostWith = (is: (next: LedgerRecord) => boolean): Ledger & { readonly written: () => boolean } => {
    const ledger = memoryLedger();
    let written = false;
    return {
      ...ledger,
      written: () => written,
      epoch: () => (written ? null : ledger.epoch()),
      async swap(next) {
        const stands = await ledger.swap(next);
        if (!is(next)) return stands;
        written = true;
        return false;
      },
    };
  };

  test('lost while it takes the cell of an order: the cell is left to the next gate, without an order', async () => {
    const ledger = lostWith(({ phase }) => phase === 'ordered');
    await start({ ledger });
    const { reader } = await (await job()).task();
    await reader.ended;
    await eventually(() => ledger.written());
    await bench.gate.abandon();
    expect(bench.cells.cells.map(({ received, removed }) => ({ received, removed }))).toEqual([
      { received: [], removed: false },
    ]);
  });

  test('lost while it takes the cell that replaces another: the new one is left to the next gate', async () => {
    const ledger = lostWith(({ recoveries }) => recoveries === 1);
    await start({ ledger, timing: { rescue: 10 } }, { act: (cell) => cell.end(137) });
    const { reader } = await (await job()).task();
    await reader.ended;
    await eventually(() => ledger.written());
    await bench.gate.abandon();
    expect(bench.cells.cells.map(({ received, removed }) => [received.length, removed])).toEqual([
      [1, true],
      [0, false],
    ]);
  });
});

describe('an engine', () => {
  test('that is not ready costs the job no slot', async () => {
    let reason: string | null = 'the engine restarts';
    await start({}, { notReady: () => reason });
    const { ask, task } = await job();
    expect(await ask()).toMatchObject({
      status: 500,
      body: { failed: { code: 'no-cell-engine', message: 'this gate cannot start cells now; tell its operator' } },
    });
    expect(bench.gate.notReady()).toEqual(['the engine restarts']);
    reason = null;
    expect(await resultOf((await task()).reader)).toMatchObject({ verdict: 'success' });
  });
});

describe('stopping the gate', () => {
  test('ends cells that cannot outlive it, says so, and takes no more calls', async () => {
    await start({}, { act: working });
    const { session, task } = await job();
    const { reader } = await task();
    await reader.until((event) => event.k === 'state' && event.n === 2);
    await bench.gate.stop();
    expect(await resultOf(reader)).toMatchObject({
      verdict: 'unknown',
      code: 'gate-stopping',
      message: `the gate was stopped, and cells of the kind "fake" cannot go on without it. Drone's build 7 may go on: look there`,
    });
    expect(bench.cells.alive()).toBe(0);
    expect((await cellOf()).received.filter((line) => 'cancel' in line)).toEqual([]);
    expect(await session.runner.call('POST', '/v1/sessions', {})).toMatchObject({
      status: 503,
      body: { failed: { code: 'gate-stopping' } },
    });
    expect(bench.audit().at(-1)).toMatchObject({ event: 'stop' });
  });

  test('leaves cells that can outlive it, and ends the streams of their readers', async () => {
    await start({}, { act: working, survives: true });
    const { session, claims, task } = await job();
    await session.rehearse(claims);
    const { reader } = await task();
    await reader.until((event) => event.k === 'state' && event.n === 2);
    const idle = await job();
    await idle.session.rehearse(idle.claims);
    await eventually(() => bench.cells.alive() === 2);
    await bench.gate.stop();
    await reader.ended;
    expect(reader.events.some(isResult)).toBe(false);
    expect(bench.cells.alive()).toBe(1);
    expect((await cellOf()).received).toHaveLength(1);
  });
});
