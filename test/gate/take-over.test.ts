// A gate dies in the middle of everything, and the next one goes on: what the ledger and the engine show decides.

import { afterEach, describe, expect, test } from 'vitest';
import { type LedgerRecord, memoryLedger } from '../../src/gate/index.ts';
import type { Event, LogEvent } from '../../src/protocol/index.ts';
import { Failure } from '../../src/protocol/index.ts';
import {
  type FakeCell,
  type FakeCells,
  type FakeCellsOptions,
  build,
  fakeCells,
  result,
  state,
} from '../fakes/cells.ts';
import { type Bench, type BenchOptions, type TestSession, eventually, hex, startBench } from './support/bench.ts';
import { type EventReader, readEvents } from './support/http.ts';

let bench: Bench;
let ledger = memoryLedger();
const nothing = (): void => undefined;
const log = (n: number, ...lines: string[]): LogEvent => ({ k: 'log', n, step: 'default/deploy', lines });
/** preflight, build 7, two lines: what a cell says until it is told to go on. */
const working = (cell: FakeCell): void => {
  cell.say(state(1, { phase: 'preflight' }));
  cell.say(state(2, { build: build(7) }));
  cell.say(log(1, 'one', 'two'));
};

async function start(options: BenchOptions = {}, cells: FakeCellsOptions = {}): Promise<void> {
  ledger = memoryLedger();
  const engine = fakeCells({ survives: true, act: working, ...cells });
  bench = await startBench({ ledger, ...options, timing: { rescue: 10, ...options.timing }, cells: engine });
}
afterEach(() => bench.stop());

interface Running {
  readonly session: TestSession;
  readonly id: string;
  readonly request: string;
  readonly reader: EventReader;
  /** Asks for events once more, as a hook does: behind what it has seen. */
  again(): EventReader;
}

let jobs = 0;
async function running(body: object = {}): Promise<Running> {
  const number = String(9_000 + jobs++);
  const session = await (await bench.runner()).session();
  const claims = { run_id: number, check_run_id: number };
  const request = hex();
  const { id, reader } = await session.task({ request, ...body }, claims);
  const readers = [reader];
  return {
    session: { ...session, token: () => session.token(claims) },
    id,
    request,
    reader,
    again() {
      const all = readers.flatMap(({ events }) => events);
      const seen = { state: 0, log: 0 };
      for (const event of all) {
        if (event.k === 'state') seen.state = Math.max(seen.state, event.n);
        if (event.k === 'log') seen.log = Math.max(seen.log, event.n + event.lines.length - 1);
      }
      const next = readEvents(session.runner.path, id, `state=${seen.state}&log=${seen.log}`);
      readers.push(next);
      return next;
    },
  };
}
const record = async (id: string): Promise<LedgerRecord> => {
  for (const one of await ledger.list({})) if ('record' in one && one.record.order === id) return one.record;
  throw new Error('no such record');
};
const isLog = (event: Event): boolean => event.k === 'log';
const isResult = (event: Event): boolean => event.k === 'result';
const isTurn = (event: Event): boolean => event.k === 'turn';
const notices = ({ events }: EventReader): string[] =>
  events.flatMap((event) => (event.k === 'notice' ? [event.message] : []));
const numbers = (...readers: EventReader[]): number[] =>
  readers.flatMap(({ events }) =>
    events.flatMap((event) => (event.k === 'state' || event.k === 'result' ? [event.n] : [])),
  );
const lines = (...readers: EventReader[]): string[] =>
  readers.flatMap(({ events }) => events.flatMap((event) => (event.k === 'log' ? event.lines : [])));
const cellsOf = (): FakeCells['cells'] => bench.cells.cells;
const removed = (): Promise<void> => eventually(() => bench.cells.alive() === 0);
const startedAnew = 'the gate was started anew and goes on with this task';
const replaced = (n: number, what = 'the gate was started anew, and the cell of this task was gone'): string =>
  `${what}: another one looks after the build (${n} of 3); lines of the log may be repeated or missing`;

describe('a cell that lives on', () => {
  test('is adopted: nothing is lost, nothing comes twice, and the author is told in one line', async () => {
    await start();
    const job = await running();
    await job.reader.until(isLog);
    await bench.restart();
    const next = job.again();
    const [cell] = cellsOf();
    await cell!.heard((line) => 'resume' in line);
    cell!.say(log(3, 'three'));
    cell!.say(state(3, { build: build(7) }));
    cell!.say(result(4));
    await next.until(isResult);
    expect(numbers(job.reader, next)).toEqual([1, 2, 3, 4]);
    expect(lines(job.reader, next)).toEqual(['one', 'two', 'three']);
    expect(notices(next)).toEqual([startedAnew]);
    await removed();
    expect(cellsOf()).toHaveLength(1);
    expect(await record(job.id)).toMatchObject({ phase: 'ended', verdict: 'success', recoveries: 0 });
  });

  test('is given its order again, which it takes only if the gate died before it was sent', async () => {
    await start();
    const job = await running();
    await job.reader.until(isLog);
    await bench.restart();
    const [cell] = cellsOf();
    await cell!.heard((line) => 'resume' in line);
    const [first, second, ...more] = bench.cells.orders();
    expect([second, more]).toEqual([first, []]);
    expect(cell!.received.map((line) => Object.keys(line)[0])).toEqual(['v', 'v', 'resume']);
  });

  test('is told again what may never have arrived: to cancel', async () => {
    await start();
    const job = await running();
    await job.reader.until(isLog);
    expect((await job.session.runner.call('POST', `/v1/tasks/${job.id}/cancel`, {})).status).toBe(200);
    await bench.restart();
    const [cell] = cellsOf();
    await eventually(() => cell!.received.filter((line) => 'cancel' in line).length === 2);
    cell!.say(result(3, 'cancelled', '7', 'cancelled'));
    expect(await job.again().until(isResult)).toMatchObject({ verdict: 'cancelled' });
  });

  test.for(['finish', 'cancel'] as const)(
    'of a runner that is silent: the build may %s, after a restart, too',
    async (whenLost) => {
      await start({ entry: `whenLost: ${whenLost}`, timing: { runnerSilent: 100 } });
      const job = await running();
      await job.reader.until(isLog);
      job.reader.close();
      await bench.restart();
      const [cell] = cellsOf();
      await cell!.heard((line) => 'resume' in line);
      if (whenLost === 'cancel')
        expect(await cell!.heard((line) => 'cancel' in line)).toEqual({ cancel: 'runner-lost' });
      else await new Promise((done) => setTimeout(done, 300));
      expect((await record(job.id)).phase).toBe(whenLost === 'cancel' ? 'cancelling' : 'building');
    },
  );
});

describe('a cell that is gone', () => {
  test('is replaced by one that looks for the build; its numbers go on behind what the runner has seen', async () => {
    await start({}, { act: (cell, order) => void (order.kind === 'build' && working(cell)) });
    const job = await running();
    await job.reader.until(isLog);
    cellsOf()[0]!.cut();
    await bench.gate.abandon();
    cellsOf()[0]!.end(137);
    await bench.restart();
    await eventually(() => bench.cells.orders().length === 2);
    const [first, second] = bench.cells.orders();
    const { nonce, repository, ref, commit, params } = first!;
    expect(second).toMatchObject({
      id: job.id,
      kind: 'recover',
      then: 'follow',
      build: 7,
      nonce,
      repository,
      ref,
      commit,
      params,
    });
    const cell = cellsOf()[1]!;
    working(cell);
    const next = job.again();
    await next.until(isLog);
    cell.say(result(3));
    await next.until(isResult);
    expect(numbers(job.reader, next)).toEqual([1, 2, 3, 4, 5]);
    expect(next.events.find(isLog)).toMatchObject({ n: 3 });
    expect(notices(next)).toEqual([replaced(1)]);
    await removed();
  });

  test('of a task that is cancelled is replaced by one that cancels', async () => {
    await start({}, { act: (cell, order) => void (order.kind === 'build' && working(cell)) });
    const job = await running();
    await job.reader.until(isLog);
    await job.session.runner.call('POST', `/v1/tasks/${job.id}/cancel`, {});
    await bench.gate.abandon();
    cellsOf()[0]!.end(137);
    await bench.restart();
    await eventually(() => bench.cells.orders().length === 2);
    expect(bench.cells.orders()[1]).toMatchObject({ kind: 'recover', then: 'cancel' });
    expect(cellsOf()[1]!.received).toHaveLength(1);
  });

  test('keeps the numbers of its replacement over one more death of the gate', async () => {
    await start({}, { act: (cell, order) => void (order.kind === 'build' && working(cell)) });
    const job = await running();
    await job.reader.until(isLog);
    await bench.gate.abandon();
    cellsOf()[0]!.end(137);
    await bench.restart();
    await eventually(() => bench.cells.orders().length === 2);
    const cell = cellsOf()[1]!;
    working(cell);
    const second = job.again();
    await second.until(isLog);
    while ((await record(job.id)).shift === null) await new Promise((done) => setTimeout(done, 5));
    expect((await record(job.id)).shift).toEqual({ state: 2, log: 2 });
    await bench.restart();
    await cell.heard((line) => 'resume' in line);
    cell.say(log(3, 'three'));
    cell.say(result(3));
    const third = job.again();
    await third.until(isResult);
    expect(numbers(job.reader, second, third)).toEqual([1, 2, 3, 4, 5]);
    expect(lines(second, third)).toEqual(['one', 'two', 'three']);
  });

  test('three times over leaves the verdict open, and tells the number', async () => {
    await start({}, { act: (cell, order) => (order.kind === 'build' ? working(cell) : cell.end(137)) });
    const job = await running();
    await job.reader.until(isLog);
    await bench.gate.abandon();
    cellsOf()[0]!.end(137);
    await bench.restart();
    expect(await job.again().until(isResult)).toMatchObject({
      n: 3,
      verdict: 'unknown',
      code: 'cell-lost',
      message: expect.stringMatching(
        /^the cell ended without a result: .*\. Drone's build 7 may go on: look there$/,
      ) as string,
      outputs: { number: '7', status: 'unknown' },
    });
    expect(bench.cells.orders().map(({ kind }) => kind)).toEqual(['build', 'recover', 'recover', 'recover']);
    await removed();
  });

  test('whose Drone the policy describes no more, or elsewhere, sends no token anywhere', async () => {
    for (const change of [{ server: 'https://other.internal' }, null]) {
      await start({}, { act: (cell, order) => void (order.kind === 'build' && working(cell)) });
      const job = await running();
      await job.reader.until(isLog);
      await bench.gate.abandon();
      cellsOf()[0]!.end(137);
      const [[name, drone] = ['', null]] = bench.policy.drones;
      const drones = new Map(change === null || drone === null ? [] : [[name, { ...drone, ...change }]]);
      await bench.restart({ policy: { ...bench.policy, drones } });
      expect(await job.again().until(isResult)).toMatchObject({
        verdict: 'unknown',
        code: 'recovery-impossible',
        message: expect.stringContaining("Drone's build 7 may go on") as string,
      });
      expect(bench.cells.orders()).toHaveLength(1);
      await bench.stop();
    }
    await start();
  });
});

describe('a Drone token from the workflow', () => {
  const workflow: BenchOptions = {
    change: (policy) => ({
      ...policy,
      drones: new Map([['internal', { server: 'https://drone.internal', token: 'workflow' }]]),
      limits: { ...policy.limits, reconnect: 60_000 },
    }),
  };
  const lost = async (options: BenchOptions = workflow): Promise<Running> => {
    await start(options, { act: (cell, order) => void (order.kind === 'build' && working(cell)) });
    const job = await running({ droneToken: 'brought' });
    await job.reader.until(isLog);
    await bench.gate.abandon();
    cellsOf()[0]!.end(137);
    await bench.restart();
    return job;
  };
  /** Reads events until the gate says that it does not know the task. */
  async function unknown(job: Running): Promise<string> {
    for (;;) {
      try {
        await job.again().ended;
      } catch (error) {
        return String(error);
      }
    }
  }

  test('is brought again by the same request, and only then a lost cell is replaced', async () => {
    const job = await lost();
    expect(await unknown(job)).toBe('Error: events: 404');
    expect(bench.cells.orders()).toHaveLength(1);
    const again = { request: job.request, droneToken: 'brought', token: await job.session.token() };
    expect(await job.session.ask(again)).toMatchObject({ status: 200, body: { task: job.id } });
    await eventually(() => bench.cells.orders().length === 2);
    expect(bench.cells.orders()[1]).toMatchObject({ kind: 'recover', drone: { token: 'brought' } });
    expect(JSON.stringify(await record(job.id))).not.toContain('brought');
    working(cellsOf()[1]!);
    cellsOf()[1]!.say(result(3));
    expect(await job.again().until(isResult)).toMatchObject({ verdict: 'success' });
  });

  test('that the job does not bring again leaves the verdict open, and tells the number', async () => {
    const change: BenchOptions['change'] = (policy) => ({
      ...workflow.change!(policy),
      limits: { ...policy.limits, reconnect: 100 },
    });
    const job = await lost({ change });
    while ((await record(job.id)).phase !== 'ended') await new Promise((done) => setTimeout(done, 5));
    expect(await record(job.id)).toMatchObject({ verdict: 'unknown', code: 'recovery-impossible', number: 7 });
    await eventually(() => bench.audit().at(-1)?.event === 'end');
    expect(bench.audit().at(-1)).toMatchObject({ code: 'recovery-impossible', number: 7 });
  });

  test('is not needed where the cell lives', async () => {
    await start(workflow);
    const job = await running({ droneToken: 'brought' });
    await job.reader.until(isLog);
    await bench.restart();
    const [cell] = cellsOf();
    await cell!.heard((line) => 'resume' in line);
    expect(cell!.received.map((line) => Object.keys(line)[0])).toEqual(['v', 'resume']);
    cell!.say(result(3));
    expect(await job.again().until(isResult)).toMatchObject({ verdict: 'success', n: 3 });
  });
});

describe('what was never ordered', () => {
  test('waits again and takes its turn with a fresh proof', async () => {
    let release = nothing;
    let first = true;
    const stuck = new Promise<void>((done) => (release = done));
    await start(
      {},
      {
        starting: () => (first ? stuck : undefined),
        act(cell) {
          working(cell);
          cell.say(result(3));
        },
      },
    );
    const job = await running();
    while ((await record(job.id)).phase !== 'starting') await new Promise((done) => setTimeout(done, 5));
    await bench.restart();
    first = false;
    release();
    const next = job.again();
    await next.until(isTurn);
    expect(notices(next)).toEqual(['the gate was started anew; the task waits for its turn again']);
    expect(bench.cells.orders()).toEqual([]);
    const proof = { token: await job.session.token() };
    expect((await job.session.runner.call('POST', `/v1/tasks/${job.id}/proof`, proof)).status).toBe(200);
    expect(await next.until(isResult)).toMatchObject({ verdict: 'success', n: 3 });
    expect(bench.cells.orders()).toHaveLength(1);
    await removed();
  });

  test('ends when its job does not come back', async () => {
    await start({ policyLimits: 'tasksAtOnce: 1', timing: { runnerSilent: 100 } });
    await running();
    const waiting = await running();
    await eventually(() => waiting.reader.all.length > 0);
    await bench.restart();
    while ((await record(waiting.id)).phase !== 'ended') await new Promise((done) => setTimeout(done, 5));
    expect(await record(waiting.id)).toMatchObject({ verdict: 'error', code: 'turn-missed' });
  });

  test('keeps its order in the waiting list, behind the cells that live', async () => {
    await start({ policyLimits: 'tasksAtOnce: 1' });
    const first = await running();
    await first.reader.until(isLog);
    const [second, third] = [await running(), await running()];
    await bench.restart();
    const [a, b] = [second.again(), third.again()];
    await eventually(() => b.all.length > 0);
    expect([a.all[0], b.all[0]]).toEqual([
      { k: 'ping', ahead: 0 },
      { k: 'ping', ahead: 1 },
    ]);
    cellsOf()[0]!.say(result(3));
    await a.until(isTurn);
    expect(b.events.some(isTurn)).toBe(false);
  });
});

describe('an end that the runner has not read', () => {
  test("is told by the next gate in the cell's own words, behind what the runner has seen", async () => {
    await start();
    const job = await running();
    await job.reader.until(isLog);
    job.reader.close();
    cellsOf()[0]!.say(state(3, { build: build(7), phase: 'done', note: 'the last state' }));
    cellsOf()[0]!.say(result(4));
    await removed();
    await bench.restart();
    const next = job.again();
    await next.until(isResult);
    expect(next.events).toMatchObject([
      { k: 'state', n: 3, note: 'the last state' },
      { k: 'result', n: 4, verdict: 'success', message: 'said by the cell' },
    ]);
  });

  test('is forgotten after a while', async () => {
    await start({ timing: { keepEnded: 50 } });
    const job = await running();
    await job.reader.until(isLog);
    cellsOf()[0]!.say(result(3));
    await removed();
    await new Promise((done) => setTimeout(done, 100));
    await bench.restart();
    expect((await job.session.runner.call('GET', `/v1/tasks/${job.id}/events`)).status).toBe(404);
  });
});

describe('a cell that no open task needs', () => {
  test('is removed at the start of a gate, and again and again', async () => {
    await start({ timing: { orphans: 50 } });
    await bench.cells.start(hex());
    await bench.restart();
    await removed();
    await bench.cells.start(hex());
    await removed();
  });

  test('is never one of a session, nor of a task', async () => {
    await start({ timing: { orphans: 20 } });
    const job = await running();
    await job.reader.until(isLog);
    const idle = await (await bench.runner()).session();
    await idle.rehearse({ run_id: '1', check_run_id: '1' });
    await eventually(() => bench.cells.alive() === 2);
    await new Promise((done) => setTimeout(done, 200));
    expect(bench.cells.alive()).toBe(2);
  });
});

describe('an engine', () => {
  test('that is away when a cell is lost is asked until it answers', async () => {
    let away = true;
    const cells = fakeCells({ survives: true, act: working });
    const fails = () => Promise.reject(new Failure('no-cell-engine', 'the engine is away'));
    await start({});
    await bench.stop();
    bench = await startBench({
      ledger,
      timing: { rescue: 10, rescueMost: 20 },
      cells: { ...cells, list: () => (away ? fails() : cells.list()) },
    });
    const job = await running();
    await job.reader.until(isLog);
    cells.cells[0]!.cut();
    await new Promise((done) => setTimeout(done, 100));
    away = false;
    await cells.cells[0]!.heard((line) => 'resume' in line);
    expect(cells.cells[0]!.received.at(-1)).toEqual({ resume: { state: 1, log: 2 } });
    cells.cells[0]!.say(result(3));
    await job.reader.until(isResult);
    expect(numbers(job.reader)).toEqual([1, 2, 3]);
    expect(notices(job.reader)).toEqual([]);
  });

  test('that stays away for longer than a hook waits ends the task, and says so', async () => {
    const cells = fakeCells({ survives: true, act: working });
    await start({});
    await bench.stop();
    bench = await startBench({
      ledger,
      timing: { rescue: 10, rescueMost: 20 },
      change: (policy) => ({ ...policy, limits: { ...policy.limits, reconnect: 100 } }),
      cells: { ...cells, list: () => Promise.reject(new Failure('no-cell-engine', 'the engine is away')) },
    });
    const job = await running();
    await job.reader.until(isLog);
    cells.cells[0]!.cut();
    expect(await job.reader.until(isResult)).toMatchObject({
      n: 3,
      verdict: 'unknown',
      code: 'no-cell-engine',
      message: "the engine is away. Drone's build 7 may go on: look there",
    });
  });

  test('whose cell ends while the gate lives has it replaced, and the author reads why', async () => {
    await start({}, { act: (cell, order) => void (order.kind === 'build' && working(cell)) });
    const job = await running();
    await job.reader.until(isLog);
    cellsOf()[0]!.end(137);
    await eventually(() => bench.cells.orders().length === 2);
    working(cellsOf()[1]!);
    cellsOf()[1]!.say(result(3));
    await job.reader.until(isResult);
    expect(numbers(job.reader)).toEqual([1, 2, 3, 4, 5]);
    expect(job.reader.events.filter(isLog)).toMatchObject([{ n: 1 }, { n: 3 }]);
    expect(notices(job.reader)).toEqual([replaced(1, 'the cell was lost')]);
    await removed();
  });
});
