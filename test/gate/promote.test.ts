// A promotion through the gate: the cell asks which old build is meant, and hears of a choice only after audit log and
// ledger have it.

import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Audit, type Ledger, type LedgerRecord, fileAudit, memoryLedger } from '../../src/gate/index.ts';
import { Failure, type OldBuild, type Order, type ResultEvent } from '../../src/protocol/index.ts';
import { type FakeCell, type FakeCellsOptions, build, fakeCells, result, state, succeed } from '../fakes/cells.ts';
import { type Bench, type BenchOptions, eventually, startBench } from './support/bench.ts';
import { type EventReader, readEvents } from './support/http.ts';
import { jobClaims } from './support/issuer.ts';

const promotions = `
      - task: drone promote
        events: [push]
        refs: [refs/heads/main]
        targets: [production]
        params: { ENVIRONMENT: { values: [staging] }, VERSION: { pattern: 'v[0-9]+' } }
        builds: { events: [push, custom, promote] }
      - task: drone rollback
        events: [push]
        refs: [refs/heads/main]
        targets: [production]
        builds: { commit: any }`;

let bench: Bench;
let ledger: Ledger = memoryLedger();
async function start(options: BenchOptions = {}, cells: FakeCellsOptions = {}): Promise<void> {
  ledger = options.ledger ?? memoryLedger();
  const engine = fakeCells({ survives: true, act: nothing, ...cells });
  const timing = { rescue: 10, ...options.timing };
  bench = await startBench({ repositories: promotions, ...options, ledger, timing, cells: engine });
}
afterEach(() => bench.stop());

const nothing = (): void => undefined;
const old = (changes: Partial<OldBuild> = {}): OldBuild => ({
  number: 5,
  event: 'push',
  status: 'success',
  ref: 'refs/heads/main',
  commit: jobClaims.sha,
  params: {},
  ...changes,
});
const asks = (n: number, ...builds: OldBuild[]) => ({ k: 'builds', n, base: 6, seen: 9, whole: true, builds });
/** What a cell does until it asks. */
const asking =
  (...builds: OldBuild[]) =>
  (cell: FakeCell): void => {
    cell.say(state(1, { phase: 'preflight' }));
    cell.say(asks(2, ...builds));
  };
/** And after it was told. */
const promoted = (cell: FakeCell, n = 3): void => {
  cell.say(state(n, { build: build(7) }));
  cell.say(result(n + 1));
};

let jobs = 0;
async function job(body: object = {}, more: object = {}) {
  const number = String(7_000 + jobs++);
  const session = await (await bench.runner()).session();
  const claims = { run_id: number, check_run_id: number, ...more };
  const task = await session.task({ task: 'drone promote', target: 'production', ...body }, claims);
  return { ...task, session, claims };
}
const isGo = (line: object): line is { go: OldBuild } => 'go' in line;
const isOrder = (line: object): line is Order => 'nonce' in line;
const gos = (): OldBuild[] => bench.cells.cells.flatMap(({ received }) => received.filter(isGo)).map(({ go }) => go);
const cellAt = async (at: number): Promise<FakeCell> => {
  const ordered = (): FakeCell[] => bench.cells.cells.filter(({ received }) => received.some(isOrder));
  await eventually(() => ordered().length > at);
  return ordered()[at]!;
};
const resultOf = async (reader: EventReader): Promise<ResultEvent> =>
  (await reader.until((event) => event.k === 'result')) as ResultEvent;
const record = async (id: string): Promise<LedgerRecord> => {
  for (const one of await ledger.list({})) if ('record' in one && one.record.order === id) return one.record;
  throw new Error('no such record');
};
const audited = (event: string) => bench.audit().filter((line) => line.event === event);
const numbers = (reader: EventReader): number[] =>
  reader.events.flatMap((event) => (event.k === 'state' || event.k === 'result' ? [event.n] : []));
const notices = (reader: EventReader): string[] =>
  reader.events.flatMap((event) => (event.k === 'notice' ? [event.message] : []));

describe('a promotion', () => {
  test('leaves the old build to the policy, which chooses what fits and writes it down first', async () => {
    await start({}, { act: asking(old({ number: 6, ref: 'refs/heads/x' }), old(), old({ number: 4 })) });
    const { id, reader } = await job({ params: { VERSION: 'v1' } });
    const cell = await cellAt(0);
    const { go } = (await cell.heard(isGo)) as { go: OldBuild };
    expect(go).toEqual(old());
    expect(await record(id)).toMatchObject({ phase: 'ordered', choice: old(), base: 6, number: null });
    expect(audited('choice')).toMatchObject([
      {
        decision: 'allowed',
        task: 'drone promote',
        target: 'production',
        build: 5,
        order: id,
        detail: `build 5 of refs/heads/main at ${jobClaims.sha}`,
      },
    ]);
    const order = await cell.order();
    expect(order).toMatchObject({
      kind: 'promote',
      target: 'production',
      params: { VERSION: 'v1' },
      choose: { events: ['push', 'custom', 'promote'], status: 'success', commit: jobClaims.sha },
    });
    for (const key of ['ref', 'commit', 'build', 'again', 'base']) expect(Object.keys(order)).not.toContain(key);
    promoted(cell);
    expect(await resultOf(reader)).toMatchObject({ verdict: 'success', outputs: { number: '7' } });
    expect(numbers(reader)).toEqual([1, 2, 3, 4]);
    // What the cell asked is no business of the runner.
    expect(JSON.stringify(reader.events)).not.toContain('"builds"');
    expect(reader.events.find((event) => event.k === 'state' && event.n === 2)).toEqual({
      k: 'state',
      n: 2,
      phase: 'preflight',
      stages: [],
      note: 'The policy decides which build is meant',
    });
  });

  test('of the build that DRONE_BUILD names asks for this one', async () => {
    await start({}, { act: asking(old({ number: 3 })) });
    await job({ build: 3 });
    const cell = await cellAt(0);
    expect((await cell.order()).build).toBe(3);
    await cell.heard(isGo);
    expect(gos()).toEqual([old({ number: 3 })]);
  });

  test('tells the audit log which parameters come along, by name', async () => {
    await start({}, { act: asking(old({ params: { VERSION: 'v77', ENVIRONMENT: 'staging' } })) });
    await job({ params: { ENVIRONMENT: 'staging' } });
    await (await cellAt(0)).heard(isGo);
    expect(audited('choice')[0]?.detail).toMatch(/, which brings VERSION along$/);
    expect(JSON.stringify(bench.audit())).not.toContain('v77');
  });

  test('that no build fits ends with what is wrong and what to do, and the cell with it', async () => {
    await start({}, { act: asking(old({ params: { EVIL: 'hunter2' } })) });
    const { id, reader } = await job({ build: 5 });
    const { verdict, code, message } = await resultOf(reader);
    expect([verdict, code]).toEqual(['error', 'build-not-allowed']);
    expect(message).toBe(
      `Drone's build 5 may not be promoted: it brings the parameter "EVIL" along, which the entry does not list (allow[1].params). What to do: set PARAM_<KEY> to replace what it brings along, choose another build, or ask the operator to allow it`,
    );
    await eventually(() => bench.cells.alive() === 0);
    expect(gos()).toEqual([]);
    expect(await record(id)).toMatchObject({ phase: 'ended', verdict: 'error', code: 'build-not-allowed' });
    expect(audited('choice')).toMatchObject([{ decision: 'refused', code: 'build-not-allowed', order: id }]);
    expect(audited('end')).toMatchObject([{ verdict: 'error', code: 'build-not-allowed' }]);
    expect(JSON.stringify([bench.audit(), reader.events])).not.toContain('hunter2');
  });

  test('that no build fits is told without what has to be redacted', async () => {
    const change: BenchOptions['change'] = (policy) => {
      const token = policy.drones.get('internal')?.token;
      const file = join(typeof token === 'object' ? dirname(token.file) : '', 'redact');
      writeFileSync(file, 'hush\nhush-hush\n');
      return { ...policy, repositories: policy.repositories.map((one) => ({ ...one, redact: { file } })) };
    };
    await start({ change }, { act: asking(old({ ref: 'refs/heads/hush-hush' })) });
    const { message } = await resultOf((await job({ build: 5 })).reader);
    expect(message).toContain('it is of "refs/heads/***", the entry wants refs/heads/main');
  });

  test('is a rollback by the same way', async () => {
    const older = old({ number: 2, commit: 'd'.repeat(40) });
    await start({}, { act: asking(older) });
    await job({ task: 'drone rollback', build: 2 });
    await (await cellAt(0)).heard(isGo);
    expect(gos()).toEqual([older]);
  });
});

describe('a custom build', () => {
  const build7 = { params: { ENVIRONMENT: 'staging' }, task: 'drone build', target: undefined } as const;
  /** Build 7 of a job of this gate, as Drone shows it. */
  async function made(act: (cell: FakeCell) => void, more: object = {}): Promise<OldBuild> {
    const { reader } = await job(build7, more);
    const cell = await cellAt(0);
    const { nonce, params } = await cell.order();
    act(cell);
    await resultOf(reader);
    return old({ number: 7, event: 'custom', params: { ...params, AIRLOCK_NONCE: nonce } });
  }
  async function promote(candidate: OldBuild) {
    const task = await job({ build: 7 });
    const cell = await cellAt(1);
    asking(candidate)(cell);
    return task;
  }
  const notMade = 'the ledger does not say that this gate made it for this repository';

  test('that a job of this repository made, and that ended green, may be promoted', async () => {
    await start();
    const candidate = await made(succeed);
    await promote(candidate);
    await (await cellAt(1)).heard(isGo);
    expect(gos()).toEqual([candidate]);
  });

  test('with the number of one of ours and a nonce that was planted may not', async () => {
    await start();
    const { params, ...candidate } = await made(succeed);
    const { reader } = await promote({ ...candidate, params: { ...params, AIRLOCK_NONCE: 'e'.repeat(32) } });
    expect((await resultOf(reader)).message).toContain(notMade);
    expect(gos()).toEqual([]);
  });

  test('with the nonce of one of ours and another number, as a restarted one has, may not', async () => {
    await start();
    const candidate = await made(succeed);
    const { reader } = await job({ build: 9 });
    asking({ ...candidate, number: 9 })(await cellAt(1));
    expect((await resultOf(reader)).message).toContain(notMade);
  });

  test('whose task did not end green may not, whatever Drone says of it', async () => {
    await start();
    const candidate = await made((cell) => {
      cell.say(state(1, { build: build(7) }));
      cell.say(result(2, 'expected-missing', '7', 'expected-missing'));
    });
    const { reader } = await promote(candidate);
    expect((await resultOf(reader)).message).toContain(notMade);
  });

  test('that another repository made may not, even of the same Drone repository', async () => {
    const other = `
  - repository: octo/other
    id: 777
    drone: internal
    pipeline: same
    allow: [{ task: drone build, events: [push], refs: [refs/heads/main], params: { ENVIRONMENT: { values: [staging] } } }]`;
    await start({
      repositories: `${promotions}${other}`,
      change: (policy) => ({
        ...policy,
        repositories: policy.repositories.map((one) =>
          one.id === '777' ? { ...one, pipeline: { repository: 'octo/app', branch: 'main' } } : one,
        ),
      }),
    });
    const candidate = await made(succeed, { repository: 'octo/other', repository_id: '777' });
    const { reader } = await promote(candidate);
    expect((await resultOf(reader)).message).toContain(notMade);
  });

  test('that we promoted may be promoted on, where the entry lists promote', async () => {
    await start();
    const { reader } = await job();
    const first = await cellAt(0);
    const { nonce } = await first.order();
    asking(old({ params: { VERSION: 'v1' } }))(first);
    await first.heard(isGo);
    promoted(first);
    await resultOf(reader);
    const ours = old({ number: 7, event: 'promote', params: { VERSION: 'v1', AIRLOCK_NONCE: nonce } });
    await job({ build: 7 });
    const second = await cellAt(1);
    asking(ours)(second);
    await second.heard(isGo);
    expect(gos().map(({ number }) => number)).toEqual([5, 7]);
    const third = await job({ build: 7 });
    asking({ ...ours, params: { AIRLOCK_NONCE: nonce } })(await cellAt(2));
    expect((await resultOf(third.reader)).message).toContain(notMade);
  });
});

describe('a cell', () => {
  test('of a build that asks for a choice is not believed', async () => {
    await start({}, { act: asking(old()) });
    const { reader } = await job({ task: 'drone build', target: undefined });
    expect(await resultOf(reader)).toMatchObject({ verdict: 'unknown', code: 'cell-misbehaved' });
    expect(gos()).toEqual([]);
  });

  test('that says success without a choice is not believed', async () => {
    await start({}, { act: succeed });
    const { id, reader } = await job();
    expect(await resultOf(reader)).toMatchObject({ verdict: 'error' });
    expect(await record(id)).toMatchObject({ verdict: 'error', code: 'cell-misbehaved', number: null });
  });

  test('that fails before it asks has its own word', async () => {
    await start({}, { act: (cell) => cell.say(result(1, 'error', '', 'drone-unreachable')) });
    expect(await resultOf((await job()).reader)).toMatchObject({ verdict: 'error', code: 'drone-unreachable' });
  });

  test('that is lost before the choice is replaced by one that begins anew', async () => {
    let asked = 0;
    const act = (cell: FakeCell): void =>
      asked++ === 0 ? cell.say(state(1, { phase: 'preflight' })) : asking(old())(cell);
    await start({}, { act });
    const { reader } = await job();
    await reader.until((event) => event.k === 'state');
    (await cellAt(0)).end(137);
    const cell = await cellAt(1);
    expect(await cell.order()).toMatchObject({ kind: 'promote', choose: { status: 'success' } });
    await cell.heard(isGo);
    promoted(cell);
    expect(await resultOf(reader)).toMatchObject({ verdict: 'success' });
    expect(numbers(reader)).toEqual([1, 2, 3, 4, 5]);
    expect(notices(reader)).toEqual([
      'the cell was lost: another one begins anew, since no build was asked for yet (1 of 3); lines of the log may be repeated or missing',
    ]);
  });

  test('that is lost again and again before the choice is replaced three times, and nothing was promoted', async () => {
    await start({}, { act: (cell) => cell.end(137) });
    expect(await resultOf((await job()).reader)).toMatchObject({ verdict: 'error', code: 'cell-lost' });
    expect(bench.cells.orders().map(({ kind }) => kind)).toEqual(Array(4).fill('promote'));
  });

  test('that is lost after the choice is replaced by one that looks for the promotion', async () => {
    await start({}, { act: (cell, { kind }) => (kind === 'promote' ? asking(old())(cell) : undefined) });
    const { reader } = await job({ params: { VERSION: 'v1' } });
    const first = await cellAt(0);
    await first.heard(isGo);
    first.end(137);
    const cell = await cellAt(1);
    expect(await cell.order()).toMatchObject({
      kind: 'recover',
      then: 'follow',
      target: 'production',
      again: { event: 'promote', of: old() },
      base: 6,
      params: { VERSION: 'v1' },
      nonce: (await first.order()).nonce,
    });
    expect(cell.received.filter(isGo)).toEqual([]);
    promoted(cell, 1);
    expect(await resultOf(reader)).toMatchObject({ verdict: 'success', outputs: { number: '7' } });
  });

  test('tells the newest number before its build, and a later recovery knows it', async () => {
    const act = (cell: FakeCell, { kind }: Order): void => {
      if (kind === 'build') cell.say(state(1, { phase: 'trigger', base: 41 }));
    };
    await start({}, { act });
    const { id, reader } = await job({ task: 'drone build', target: undefined });
    await reader.until((event) => event.k === 'state');
    await eventually(() => bench.cells.orders().length === 1);
    let known = false;
    const look = setInterval(() => void record(id).then(({ base }) => (known = base === 41)), 5);
    await eventually(() => known);
    clearInterval(look);
    expect(JSON.stringify(reader.events)).not.toContain('"base"');
    (await cellAt(0)).end(137);
    expect(await (await cellAt(1)).order()).toMatchObject({ kind: 'recover', base: 41 });
  });
});

describe('before the choice', () => {
  test('a cancel ends the task at once, and nothing was promoted', async () => {
    await start({}, { act: (cell) => cell.say(state(1, { phase: 'preflight' })) });
    const { id, reader, session } = await job();
    await reader.until((event) => event.k === 'state');
    await session.runner.call('POST', `/v1/tasks/${id}/cancel`, {});
    expect(await resultOf(reader)).toMatchObject({
      verdict: 'cancelled',
      code: 'cancelled',
      message: 'the task was cancelled before anything was asked of Drone',
    });
    await eventually(() => bench.cells.alive() === 0);
    expect(gos()).toEqual([]);
  });

  test('an audit log that cannot be written lets nothing go', async () => {
    const audit = async (file: string): Promise<Audit> => {
      const real = await fileAudit(file);
      return {
        ...real,
        write: (entry) =>
          entry.event === 'choice'
            ? Promise.reject(new Failure('audit-failed', 'the audit log cannot be written'))
            : real.write(entry),
      };
    };
    await start({ audit }, { act: asking(old()) });
    expect(await resultOf((await job()).reader)).toMatchObject({ verdict: 'error', code: 'audit-failed' });
    expect(gos()).toEqual([]);
  });

  test('a ledger that cannot be written lets nothing go', async () => {
    const real = memoryLedger();
    const swap: Ledger['swap'] = (next) =>
      next.choice === undefined ? real.swap(next) : Promise.reject(new Error('no space left'));
    await start({ ledger: { ...real, swap } }, { act: asking(old()) });
    expect(await resultOf((await job()).reader)).toMatchObject({ verdict: 'error', code: 'ledger-failed' });
    expect(gos()).toEqual([]);
  });

  test('a ledger that another gate holds lets nothing go', async () => {
    const real = memoryLedger();
    const swap: Ledger['swap'] = (next) => (next.choice === undefined ? real.swap(next) : Promise.resolve(false));
    await start({ ledger: { ...real, swap } }, { act: asking(old()) });
    await job();
    await eventually(() => audited('choice').length === 1);
    const cell = await cellAt(0);
    expect([gos(), cell.removed]).toEqual([[], false]);
  });
});

describe('a gate that dies', () => {
  const again = (id: string, path: string) => readEvents(path, id, 'state=2&log=0');

  test('while the cell asks is followed by one that answers', async () => {
    await start({}, { act: (cell) => cell.say(state(1, { phase: 'preflight' })) });
    const { id, reader, session } = await job();
    await reader.until((event) => event.k === 'state');
    await bench.restart();
    const cell = await cellAt(0);
    await cell.heard((line) => 'resume' in line);
    cell.say(asks(2, old()));
    await cell.heard(isGo);
    promoted(cell);
    expect(await resultOf(again(id, session.runner.path))).toMatchObject({ verdict: 'success' });
    expect(gos()).toEqual([old()]);
    expect(audited('choice')).toHaveLength(1);
  });

  test('after its choice is followed by one that says the same, and asks nobody', async () => {
    await start({}, { act: asking(old({ number: 4 }), old()) });
    const { id, session } = await job();
    const cell = await cellAt(0);
    await cell.heard(isGo);
    // Another policy would choose nothing.
    const policy = {
      ...bench.policy,
      repositories: bench.policy.repositories.map((one) => ({ ...one, allow: one.allow.slice(0, 1) })),
    };
    await bench.restart({ policy });
    await eventually(() => gos().length > 1);
    promoted(cell);
    expect(await resultOf(again(id, session.runner.path))).toMatchObject({ verdict: 'success' });
    expect(new Set(gos().map(({ number }) => number))).toEqual(new Set([5]));
    expect(audited('choice')).toHaveLength(1);
    expect(await record(id)).toMatchObject({ choice: old(), verdict: 'success' });
  });

  test('together with its cell, before the choice, is followed by one whose cell begins anew', async () => {
    let first = true;
    const act = (cell: FakeCell): void => {
      if (!first) asking(old())(cell);
      first = false;
    };
    await start({}, { act });
    await job();
    (await cellAt(0)).end(137);
    await bench.restart();
    const cell = await cellAt(1);
    expect(await cell.order()).toMatchObject({ kind: 'promote' });
    await cell.heard(isGo);
    expect(gos()).toEqual([old()]);
  });

  test('together with its cell, after the choice, is followed by one that looks for the promotion', async () => {
    await start({}, { act: (cell, { kind }) => (kind === 'promote' ? asking(old())(cell) : undefined) });
    await job();
    const cell = await cellAt(0);
    await cell.heard(isGo);
    await bench.gate.abandon();
    cell.end(137);
    await bench.restart();
    expect(await (await cellAt(1)).order()).toMatchObject({ kind: 'recover', again: { event: 'promote', of: old() } });
    expect(gos()).toHaveLength(1);
  });
});
