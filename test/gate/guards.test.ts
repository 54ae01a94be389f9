import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type Audit,
  type AuditEntry,
  type LedgerRecord,
  createLog,
  fileAudit,
  memoryLedger,
  processCells,
  silentLog,
  systemClock,
} from '../../src/gate/index.ts';
import { within } from '../../src/gate/limit.ts';
import { createEnding } from '../../src/gate/tasks/ending.ts';
import { step } from '../../src/gate/ledger/machine.ts';
import { createLogRing } from '../../src/gate/tasks/log-ring.ts';
import { createPlaces } from '../../src/gate/tasks/places.ts';
import { createRelay } from '../../src/gate/tasks/relay.ts';
import type { Task } from '../../src/gate/tasks/task.ts';
import { Failure, type LogEvent, type ResultEvent, type TaskPhase } from '../../src/protocol/index.ts';
import { type FakeCell, build, fakeCells, result, state, succeed } from '../fakes/cells.ts';
import { type Bench, type BenchOptions, type TestSession, eventually, hex, startBench } from './support/bench.ts';
import { type EventReader, raw, readEvents } from './support/http.ts';
import { waiting } from './support/records.ts';

// Rules whose absence no other test would notice (test/guards).

let bench: Bench;
const start = async (options: BenchOptions = {}, cells: Parameters<typeof fakeCells>[0] = {}): Promise<Bench> =>
  (bench = await startBench({ ...options, cells: fakeCells(cells) }));
afterEach(() => bench.stop());

let jobs = 0;
async function job() {
  const number = String(9_000 + jobs++);
  const session = await (await bench.runner()).session();
  const claims = { run_id: number, check_run_id: number };
  return {
    session,
    claims,
    ask: (body = {}) => session.ask(body, claims),
    task: (body = {}) => session.task(body, claims),
  };
}
const working = (cell: FakeCell): void => {
  cell.say(state(1, { phase: 'preflight' }));
  cell.say(state(2, { build: build(7) }));
};
const resultOf = (reader: EventReader) => reader.until(({ k }) => k === 'result') as Promise<ResultEvent>;

/** Fails writes of one event, with one decision if it is given. */
const failing =
  (event: string, decision?: string) =>
  async (file: string): Promise<Audit> => {
    const audit = await fileAudit(file);
    const fails = { event, ...(decision === undefined ? {} : { decision }) };
    return {
      ...audit,
      write: (entry) =>
        Object.entries(fails).every(([key, value]) => entry[key as 'event'] === value)
          ? Promise.reject(new Failure('audit-failed', 'the audit log cannot be written'))
          : audit.write(entry),
    };
  };

describe('what breaks inside', () => {
  test('is not told to a caller', async () => {
    const audit = async (file: string): Promise<Audit> => ({
      ...(await fileAudit(file)),
      write: () => Promise.reject(new TypeError('the secret is hunter2')),
    });
    await start({ audit });
    const runner = await bench.runner();
    expect(await runner.call('POST', '/v1/sessions', { v: 1, image: 'airlock' })).toEqual({
      status: 500,
      body: { failed: { code: 'gate-failed', message: 'something broke in the gate; its log says what' } },
    });
  });

  test('is not told to an author', async () => {
    await start({}, { starting: () => Promise.reject(new TypeError('the secret is hunter2')) });
    const { reader } = await (await job()).task();
    expect(await resultOf(reader)).toMatchObject({
      code: 'gate-failed',
      message: 'something broke in the gate; its log says what',
    });
  });
});

describe('requests at once', () => {
  test('of one job are as many tasks as the limits allow, and the others are refused', async () => {
    const ledger = memoryLedger();
    // What was read is old when it arrives.
    const slow = async (filter: Parameters<typeof ledger.list>[0]) => {
      const found = await ledger.list(filter);
      await new Promise((done) => setTimeout(done, 20));
      return found;
    };
    await start({ ledger: { ...ledger, list: slow } }, { act: working });
    const { session, claims } = await job();
    const token = await session.token(claims);
    const answers = await Promise.all(Array.from({ length: 8 }, () => session.ask({ token }, claims)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.refused?.code === 'tasks-per-job')).toHaveLength(7);
  });

  test('with one request id are one task', async () => {
    await start(
      { change: (policy) => ({ ...policy, limits: { ...policy.limits, tasksPerJob: 5 } }) },
      { act: working },
    );
    const { session, claims } = await job();
    const body = { token: await session.token(claims), request: hex() };
    const answers = await Promise.all(Array.from({ length: 8 }, () => session.ask(body, claims)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(new Set(answers.map(({ body: { task } }) => task)).size).toBe(1);
  });
});

describe('the ledger', () => {
  test("is written with the holder's own epoch of the moment", async () => {
    const ledger = memoryLedger();
    const epochs: number[] = [];
    let created = 0;
    const watched = {
      ...ledger,
      epoch: () => (epochs.length === 0 && created === 0 ? 7 : 8),
      create: (record: Parameters<typeof ledger.create>[0]) => {
        created = record.epoch;
        return ledger.create(record);
      },
      swap: (next: Parameters<typeof ledger.swap>[0]) => {
        epochs.push(next.epoch);
        return ledger.swap(next);
      },
    };
    await start({ ledger: watched });
    await resultOf((await (await job()).task()).reader);
    await eventually(() => epochs.length >= 3);
    expect([created, new Set(epochs)]).toEqual([7, new Set([8])]);
  });

  test('in which another gate has taken the slot: nothing starts', async () => {
    await start({ ledger: { ...memoryLedger(), create: () => Promise.resolve(false) } });
    expect(await (await job()).ask()).toMatchObject({ status: 503, body: { failed: { code: 'ledger-failed' } } });
    expect(bench.cells.orders()).toEqual([]);
  });

  test('in which another gate has changed the record: no order leaves', async () => {
    const ledger = memoryLedger();
    await start({
      ledger: { ...ledger, swap: (next) => (next.phase === 'ordered' ? Promise.resolve(false) : ledger.swap(next)) },
    });
    const { reader } = await (await job()).task();
    await reader.ended;
    expect(bench.cells.orders()).toEqual([]);
  });

  test('that knows the task of a request which this gate does not know: there is no second one', async () => {
    const ledger = memoryLedger();
    await start({ ledger });
    const request = hex();
    const first = await bench.runner('one-runner');
    const claims = { run_id: '8000', check_run_id: '8000' };
    const { reader } = await (await first.session()).task({ request }, claims);
    await resultOf(reader);
    await bench.stop();
    const more = (policy: Bench['policy']) => ({ ...policy, limits: { ...policy.limits, tasksPerJob: 5 } });
    await start({ ledger, change: more });
    const again = await (await bench.runner('one-runner')).session();
    expect(await again.ask({ request }, claims)).toMatchObject({ body: { failed: { code: 'no-result' } } });
    expect(await again.ask({ request, params: { NOTE: 'x' } }, claims)).toMatchObject({
      status: 409,
      body: { refused: { code: 'request-changed' } },
    });
    expect(bench.cells.orders()).toEqual([]);
    expect((await again.ask({}, claims)).status).toBe(200);
  });
});

describe('the machine', () => {
  const at = (phase: TaskPhase, more: Partial<LedgerRecord> = {}): LedgerRecord => ({ ...waiting, phase, ...more });

  test('cancels once', () => {
    const first = step(at('building'), { seen: 'cancel', reason: 'author' }, 1);
    expect(first.actions).toEqual([{ act: 'send-cancel', reason: 'author' }]);
    expect(step(first.record, { seen: 'cancel', reason: 'operator' }, 2)).toEqual({
      record: first.record,
      actions: [],
    });
  });

  test('orders once, starts once, and ends once', () => {
    const place = step(at('waiting'), { seen: 'place' }, 1);
    expect(place.actions).toEqual([{ act: 'start-cell' }]);
    expect(step(place.record, { seen: 'place' }, 2).actions).toEqual([]);
    const cell = step(place.record, { seen: 'cell', cell: 'c1' }, 2);
    expect(cell.actions).toEqual([{ act: 'send-order' }]);
    expect(step(cell.record, { seen: 'cell', cell: 'c2' }, 3).actions).toEqual([]);
    expect(step(cell.record, { seen: 'place' }, 3).actions).toEqual([]);
    const end = step(cell.record, { seen: 'result', verdict: 'success', code: 'ok' }, 3);
    expect(end.actions).toEqual([{ act: 'finish' }]);
    expect(step(end.record, { seen: 'broken', code: 'cell-lost' }, 4)).toEqual({ record: end.record, actions: [] });
  });

  test('takes the first number of a build', () => {
    const first = step(at('ordered'), { seen: 'build', number: 7 }, 1).record;
    expect([first.number, step(first, { seen: 'build', number: 8 }, 2).record]).toEqual([7, first]);
  });

  test('believes no cell that has no order, and calls unknown what broke after one', () => {
    const word = { seen: 'result', verdict: 'success', code: 'ok' } as const;
    expect(step(at('starting'), word, 1).record).toMatchObject({ verdict: 'error', code: 'cell-misbehaved' });
    const broken = { seen: 'broken', code: 'cell-lost' } as const;
    expect(step(at('ordered'), broken, 1).record).toMatchObject({ verdict: 'unknown', code: 'cell-lost' });
    expect(step(at('starting'), broken, 1).record).toMatchObject({ verdict: 'error', code: 'cell-lost' });
    expect(step(at('starting'), { seen: 'cancel', reason: 'author' }, 1)).toMatchObject({
      record: { phase: 'ended', verdict: 'cancelled' },
      actions: [{ act: 'finish' }],
    });
  });

  test('replaces a cell only of an ordered task, only when it is out of the record, and three times at most', () => {
    const replacement = { seen: 'replacement', cell: 'c2', shift: null } as const;
    const acts = (record: LedgerRecord) => step(record, replacement, 1).actions;
    expect(acts(at('building', { cell: null, recoveries: 2 }))).toEqual([{ act: 'send-order' }]);
    expect(acts(at('building', { cell: null, recoveries: 3 }))).toEqual([]);
    expect(acts(at('building', { cell: 'c1', recoveries: 0 }))).toEqual([]);
    expect(acts(at('waiting', { cell: null, recoveries: 0 }))).toEqual([]);
  });
});

describe('an order', () => {
  test('has the nonce of its record, another one in each task', async () => {
    const ledger = memoryLedger();
    await start({ ledger });
    for (const one of [await job(), await job()]) await resultOf((await one.task()).reader);
    const stored = await ledger.list({});
    const kept = stored.map((one) => ('record' in one ? one.record.nonce : ''));
    expect(new Set(kept).size).toBe(2);
    expect(new Set(bench.cells.orders().map(({ nonce }) => nonce))).toEqual(new Set(kept));
  });
});

describe('an audit log that fails', () => {
  test('at the refusal of a task: the answer is not a quiet refusal', async () => {
    await start({ audit: failing('task', 'refused') });
    const { session, claims } = await job();
    expect(await session.ask({}, { ...claims, ref: 'refs/heads/other' })).toMatchObject({
      status: 500,
      body: { failed: { code: 'audit-failed' } },
    });
  });

  test('at a cancel: it is not sent', async () => {
    await start({ audit: failing('cancel') }, { act: working });
    const { session, task } = await job();
    const { id, reader } = await task();
    await reader.until((event) => event.k === 'state' && event.n === 2);
    expect(await session.runner.call('POST', `/v1/tasks/${id}/cancel`, {})).toMatchObject({
      status: 500,
      body: { failed: { code: 'audit-failed' } },
    });
    expect(bench.cells.cells.flatMap(({ received }) => received.filter((line) => 'cancel' in line))).toEqual([]);
  });

  test('at the proof for a turn: the task ends without an order', async () => {
    await start({ audit: failing('proof', 'allowed'), policyLimits: 'tasksAtOnce: 1' }, { act: working });
    const first = await (await job()).task();
    const second = await job();
    const { id, reader } = await second.task();
    await eventually(() => bench.cells.orders().length === 1);
    bench.cells.cells.at(-1)!.say(result(3));
    await resultOf(first.reader);
    await reader.until(({ k }) => k === 'turn');
    expect(await prove(second.session, id, second.claims)).toMatchObject({
      body: { failed: { code: 'audit-failed' } },
    });
    expect(await resultOf(reader)).toMatchObject({ verdict: 'error', code: 'audit-failed' });
    expect(bench.cells.orders()).toHaveLength(1);
  });
});

async function prove(session: TestSession, task: string, claims: object) {
  const token = await session.token(claims as Record<string, string>);
  return session.runner.call('POST', `/v1/tasks/${task}/proof`, { token });
}

describe('a refusal', () => {
  test('of an image and of a rehearsal is in the audit log', async () => {
    await start();
    const { session, claims } = await job();
    await session.runner.call('POST', '/v1/sessions', { v: 1, image: 'other' });
    await session.rehearse({ ...claims, repository_id: '9', repository: 'octo/other' });
    const refused = bench.audit().filter(({ decision }) => decision === 'refused');
    expect(refused.map(({ event, code }) => [event, code])).toEqual([
      ['session', 'image-not-accepted'],
      ['rehearsal', 'repository-not-listed'],
    ]);
  });

  test('tells of parameters only names that could be one, and how many there were', async () => {
    await start();
    const { session, claims } = await job();
    const params = { NOTE: 'x', 'hunter2 as a name': 'y' };
    expect((await session.ask({ params }, claims)).body.refused?.code).toBe('param-not-allowed');
    const line = bench.audit().find(({ event, decision }) => event === 'task' && decision === 'refused');
    expect([line?.params, line?.paramCount]).toEqual([['NOTE'], 2]);
  });

  test('of a rehearsal starts no cell; the allowed twin starts one', async () => {
    await start();
    const [no, yes] = [await job(), await job()];
    expect((await no.session.rehearse({ ...no.claims, ref: 'refs/heads/other' })).status).toBe(403);
    await new Promise((done) => setTimeout(done, 100));
    expect(bench.cells.cells).toEqual([]);
    await yes.session.rehearse(yes.claims);
    await eventually(() => bench.cells.cells.length === 1);
  });

  test('because the waiting list is full costs the job nothing: it may ask again', async () => {
    await start({ policyLimits: 'tasksAtOnce: 1', bounds: { waiting: 1 } }, { act: working });
    await (await job()).task();
    const second = await (await job()).task();
    const last = await job();
    expect((await last.ask()).body.refused?.code).toBe('waiting-list-full');
    await eventually(() => bench.cells.orders().length === 1);
    bench.cells.cells.at(-1)!.say(result(3));
    await second.reader.until(({ k }) => k === 'turn');
    expect((await last.ask()).status).toBe(200);
  });
});

describe('a call', () => {
  test('for a task in another version is refused', async () => {
    await start();
    expect((await (await job()).ask({ v: 2 })).body.refused).toMatchObject({
      code: 'call-malformed',
      message: 'the hook speaks version 2, this gate 1',
    });
  });

  test('to cancel says nothing else', async () => {
    await start({}, { act: working });
    const { session, task } = await job();
    const { id } = await task();
    const cancel = (body: object) => session.runner.call('POST', `/v1/tasks/${id}/cancel`, body);
    expect((await cancel({ reason: 'x' })).body.refused?.code).toBe('input-unknown-field');
    expect((await cancel({})).status).toBe(200);
  });

  const opening = '{"v":1,"image":"airlock"}';
  const head = (more: string): string => `POST /v1/sessions HTTP/1.1\r\nhost: x\r\n${more}\r\n`;

  test('with a chunked body is told that it is chunked', async () => {
    await start();
    const { path } = await bench.runner();
    const chunked = `${head('transfer-encoding: chunked\r\n')}19\r\n${opening}\r\n0\r\n\r\n`;
    expect(await raw(path, chunked)).toMatch(/^HTTP\/1\.1 411 [^]*the body is chunked or encoded/);
  });

  test('behind another one on the same connection is not answered', async () => {
    await start();
    const { path } = await bench.runner();
    const one = head('content-length: 25\r\n') + opening;
    const answers = (text: string): number => [...text.matchAll(/HTTP\/1\.1 \d/g)].length;
    expect(answers(await raw(path, one, 1_000))).toBe(1);
    expect(answers(await raw(path, one + one, 1_000))).toBeLessThanOrEqual(1);
  });

  test('whose headers do not end is cut long before a body would be', async () => {
    await start({ limits: { headers: 100, request: 600_000, check: 50 } });
    const { path } = await bench.runner();
    const began = performance.now();
    await raw(path, 'POST /v1/sessions HTTP/1.1\r\nhost: x\r\n', 20_000);
    expect(performance.now() - began).toBeLessThan(19_000);
  });

  test('over one connection too many is not taken, however idle the others are', async () => {
    await start({ limits: { connections: 2, headers: 600_000, request: 600_000 } });
    const { path } = await bench.runner();
    const sockets = [];
    let closed = 0;
    for (const _ of [1, 2, 3]) {
      const socket = connect(path);
      socket.on('error', () => undefined).on('close', () => closed++);
      socket.resume();
      sockets.push(socket);
    }
    await eventually(() => closed >= 1);
    expect(closed).toBe(1);
    for (const socket of sockets) socket.destroy();
  });
});

describe('a task', () => {
  test('has one reader: asking for events again ends the older answer at once', async () => {
    await start({ timing: { stream: 600_000 } }, { act: working });
    const { session, task } = await job();
    const { id, reader } = await task();
    await reader.until((event) => event.k === 'state' && event.n === 2);
    const newer = readEvents(session.runner.path, id);
    await newer.until((event) => event.k === 'state' && event.n === 2);
    await reader.ended;
    expect(newer.events.length).toBeGreaterThan(0);
  });

  test('whose cell reports nonsense is not believed any more', async () => {
    await start(
      {},
      {
        act(cell) {
          working(cell);
          cell.say('{"k":"state"}');
          cell.say(result(3));
        },
      },
    );
    const { reader } = await (await job()).task();
    expect(await resultOf(reader)).toMatchObject({ verdict: 'unknown', code: 'cell-misbehaved' });
  });
});

describe('a turn', () => {
  test('that has not come cannot be used', async () => {
    await start({ policyLimits: 'tasksAtOnce: 1' }, { act: working });
    await (await job()).task();
    const { session, claims, task } = await job();
    const { id } = await task();
    expect(await prove(session, id, claims)).toMatchObject({ status: 409, body: { refused: { code: 'turn-missed' } } });
    expect(bench.cells.peak()).toBe(1);
  });
});

describe('an idle cell', () => {
  test('is the only one of its session, however often it rehearses', async () => {
    await start();
    const { session, claims } = await job();
    for (const _ of [1, 2, 3]) expect((await session.rehearse(claims)).status).toBe(200);
    await eventually(() => bench.cells.cells.length > 0);
    await new Promise((done) => setTimeout(done, 100));
    expect(bench.cells.peak()).toBe(1);
  });
});

describe('a cell whose removal never ends', () => {
  test('holds its place no longer than it may', async () => {
    await start(
      { policyLimits: 'tasksAtOnce: 1', timing: { cellRemove: 50 } },
      { removal: 3_600_000, act: (cell) => (bench.cells.orders().length === 1 ? succeed(cell) : working(cell)) },
    );
    await resultOf((await (await job()).task()).reader);
    const second = await job();
    const { id, phase, reader } = await second.task();
    if (phase === 'waiting') {
      await reader.until(({ k }) => k === 'turn');
      await prove(second.session, id, second.claims);
    }
    await eventually(() => bench.cells.orders().length === 2);
  });
});

describe('events', () => {
  test('of a task that ended long ago are forgotten', async () => {
    await start({ timing: { keepEnded: 500 } });
    const { session, task } = await job();
    const { id, reader } = await task();
    await resultOf(reader);
    const look = () => session.runner.call('POST', `/v1/tasks/${id}/cancel`, {});
    let answer = await look();
    expect(answer.status).toBe(200);
    while (answer.status === 200) {
      await new Promise((done) => setTimeout(done, 20));
      answer = await look();
    }
    expect(answer).toMatchObject({ status: 404, body: { refused: { code: 'task-unknown' } } });
  });

  test('of a task hold one result: the first one stands', () => {
    const relay = createRelay(1000);
    const first = result(1) as ResultEvent;
    relay.result(first);
    relay.result(result(2, 'failure') as ResultEvent);
    expect([relay.ended(), relay.after({ state: 0, log: 0 })]).toEqual([first, first]);
  });
});

describe('the end of a task', () => {
  const ended = (word: ResultEvent | null) => {
    const lines: AuditEntry[] = [];
    const relay = createRelay(1000);
    const record = { key: { repositoryId: '1', runId: '1', runAttempt: '1', job: 'c1' }, number: 7, cell: null };
    const task = {
      id: hex(),
      relay,
      word,
      why: null,
      endedAt: null,
      place: null,
      cell: null,
      idle: null,
      journal: { record: () => record },
      session: { runner: { id: 'r1' } },
      claims: {},
      ask: { params: {} },
      plan: {},
    } as unknown as Task;
    const audit = { write: (entry: AuditEntry) => Promise.resolve(void lines.push(entry)) } as Audit;
    const places = createPlaces<Task>({ places: 1, waiting: 1 }, () => undefined);
    let ends = 0;
    const ending = createEnding({ audit, clock: systemClock, log: silentLog() }, places, () => ends++);
    return { ending, task, lines, relay, ends: () => ends };
  };

  test('is never a success by the word of the gate alone', async () => {
    await start();
    const { ending, task, relay } = ended(null);
    ending.finish(task, 'success', 'ok');
    expect(relay.ended()).toMatchObject({ verdict: 'unknown', code: 'no-result', outputs: { status: 'unknown' } });
  });

  test('is a success by the word of its cell, told once and written once', async () => {
    await start();
    const word = result(1) as ResultEvent;
    const { ending, task, relay, lines, ends } = ended(word);
    ending.finish(task, 'success', 'ok');
    ending.finish(task, 'failure', 'build-failed');
    expect(relay.ended()).toEqual(word);
    expect(lines.map(({ event, verdict }) => [event, verdict])).toEqual([['end', 'success']]);
    expect(ends()).toBe(1);
  });
});

describe('the log of a task', () => {
  test('has each line once, however often a cell repeats it', () => {
    const ring = createLogRing(100_000);
    const event = (from: number, to: number): LogEvent => {
      const lines = Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at}`);
      return { k: 'log', n: from, step: 'a/b', lines };
    };
    for (const [from, to] of [
      [1, 10],
      [1, 5],
      [6, 10],
      [3, 12],
    ] as const)
      ring.add(event(from, to), 0);
    const lines: string[] = [];
    for (let found = ring.after(0), seen = 0; found !== null; found = ring.after(seen)) {
      lines.push(...found.event.lines);
      seen = found.event.n + found.event.lines.length - 1;
    }
    expect(lines).toEqual(Array.from({ length: 12 }, (_, at) => `line ${at + 1}`));
    expect(ring.after(12)).toBeNull();
  });
});

describe('a caller that reads nothing', () => {
  test('is dropped after a while, and its stream is ended with it', async () => {
    const lines = Array.from({ length: 50 }, () => 'x'.repeat(60_000));
    await start(
      { bounds: { logBytes: 64 * 1024 * 1024 }, limits: { stall: 100 }, timing: { stream: 60_000 } },
      {
        act(cell) {
          working(cell);
          for (let n = 1; n <= 1_000; n += 50) cell.say({ k: 'log', n, step: 'a/b', lines });
        },
      },
    );
    const { session, task } = await job();
    const { id } = await task();
    const socket = connect(session.runner.path);
    socket.on('error', () => undefined);
    const closed = new Promise<void>((done) => socket.once('close', () => done()));
    socket.write(`GET /v1/tasks/${id}/events?state=0&log=0 HTTP/1.1\r\nhost: x\r\n\r\n`);
    socket.pause();
    // Nothing tells a paused socket that its other end is gone, so it is written to now and then.
    const knock = setInterval(() => socket.write('\r\n'), 50);
    await closed;
    clearInterval(knock);
    expect(socket.destroyed).toBe(true);
  });
});

describe('cells without walls', () => {
  test('are named in the log with every promise that they do not show', async () => {
    await start();
    let text = '';
    const to = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    });
    const { promises } = processCells({ script: '', log: createLog('warn', to) });
    expect(promises.length).toBeGreaterThan(0);
    expect(JSON.parse(text)).toMatchObject({ level: 40, promises });
  });
});

describe("the operator's log", () => {
  test('holds no token and no parameter, directly or one level deep', async () => {
    await start();
    let text = '';
    const to = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    });
    const log = createLog('info', to);
    log.info({ token: 'hunter2', request: { droneToken: 'hunter2', params: { A: 'hunter2' } }, runner: 'r1' }, 'x');
    expect(text).not.toContain('hunter2');
    expect(text).toContain('"runner":"r1"');
  });
});

describe('whatever is waited for', () => {
  test('is waited for no longer than its limit', async () => {
    await start();
    expect(await within(new Promise(() => undefined), 20, () => 'late')).toBe('late');
    expect(await within(Promise.resolve('in time'), 10_000, () => 'late')).toBe('in time');
  });
});

describe('a stream', () => {
  test('whose caller is gone ends, so that the runner counts as silent', async () => {
    await start(
      { timing: { runnerSilent: 150, ping: 600_000, stream: 600_000 }, entry: 'whenLost: cancel' },
      { act: working },
    );
    const { session, task } = await job();
    const { id, reader } = await task();
    await reader.until((event) => event.k === 'state' && event.n === 2);
    const socket = connect(session.runner.path);
    socket.write(`GET /v1/tasks/${id}/events?state=2&log=0 HTTP/1.1\r\nhost: x\r\n\r\n`);
    await new Promise((done) => socket.once('data', done));
    socket.destroy();
    await eventually(() => bench.cells.cells.some(({ received }) => received.some((line) => 'cancel' in line)));
  });
});
