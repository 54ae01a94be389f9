// Sessions and the runner's own word: bounded in number and age, asserted identity only where the policy says so.

import { afterEach, describe, expect, test } from 'vitest';
import { createGate, fileAudit, memoryLedger, noEngine, silentLog } from '../../src/gate/index.ts';
import { build, fakeCells, state } from '../fakes/cells.ts';
import { type Bench, type BenchOptions, type TestSession, eventually, hex, startBench } from './support/bench.ts';
import { jobClaims } from './support/issuer.ts';

let bench: Bench;
const start = async (options?: BenchOptions): Promise<Bench> => (bench = await startBench(options));
afterEach(() => bench.stop());

describe('sessions', () => {
  test('are bounded in number; a closed one makes room', async () => {
    await start({ bounds: { sessions: 2 } });
    const [a, b, c] = [await bench.runner(), await bench.runner(), await bench.runner()];
    const first = await a.session();
    for (const [at, session] of [first, await b.session()].entries())
      await session.rehearse({ check_run_id: String(at) });
    expect(await c.call('POST', '/v1/sessions', { v: 1, image: 'airlock' })).toMatchObject({
      status: 503,
      body: { failed: { code: 'gate-failed', message: 'this gate has 2 open sessions and takes no more' } },
    });
    await a.session();
    await expect(first.challenge()).rejects.toThrow('session-unknown');
    const { body } = await a.call('POST', '/v1/sessions', { v: 1, image: 'airlock' });
    await a.call('DELETE', `/v1/sessions/${body.session}`);
    expect((await c.session()).id).toMatch(/^[0-9a-f]{32}$/);
  });

  test('that have proved nothing keep no job out: the one that nobody has used for longest is closed', async () => {
    await start({ bounds: { sessions: 3 } });
    const open = async (name: string): Promise<TestSession> => (await bench.runner(name)).session();
    const [proved, idle, used] = [await open('proved'), await open('idle'), await open('used')];
    await proved.rehearse();
    await used.challenge();
    const victim = await open('victim');
    await expect(idle.challenge()).rejects.toThrow('session-unknown');
    for (const session of [proved, used, victim]) expect(await session.challenge()).toContain(bench.audience);
  });

  test('that nobody uses are closed, with their idle cells', async () => {
    await start({ timing: { session: 100 } });
    const session = await (await bench.runner()).session();
    await session.rehearse();
    await eventually(() => bench.cells.cells.length === 1 && bench.cells.alive() === 0);
    await expect(session.challenge()).rejects.toThrow('session-unknown');
  });

  test('that have proved nothing are closed after minutes, those of a job after days', async () => {
    let now = 0;
    await start({ clock: { now: () => Date.now(), monotonic: () => now } });
    const [proved, idle] = [await (await bench.runner()).session(), await (await bench.runner()).session()];
    await proved.rehearse();
    now = 10 * 60_000;
    await new Promise((done) => setTimeout(done, 100));
    expect(await idle.challenge()).toContain(bench.audience);
    now += 10 * 60_000 + 1;
    await new Promise((done) => setTimeout(done, 100));
    await expect(idle.challenge()).rejects.toThrow('session-unknown');
    expect(await proved.challenge()).toContain(bench.audience);
  });

  test('are closed with the socket of their runner, and what has its order goes on', async () => {
    await start({ cells: fakeCells({ act: (cell) => cell.say(state(1, { build: build(7) })) }) });
    const [gone, other] = [await bench.runner(), await bench.runner()];
    const [idle, working] = [await gone.session(), await other.session()];
    await idle.rehearse({ check_run_id: '1' });
    await eventually(() => bench.cells.alive() === 1);
    await working.task();
    await Promise.all([gone.close(), other.close()]);
    await eventually(() => bench.cells.alive() === 1);
    const call = { method: 'POST', path: `/v1/sessions/${idle.id}/challenge`, query: '', body: Buffer.from('{}') };
    expect(await bench.gate.handle({ id: gone.name, ephemeral: true }, call)).toMatchObject({ status: 404 });
    await new Promise((done) => setTimeout(done, 100));
    const [cell] = bench.cells.cells.filter(({ removed }) => !removed);
    expect(cell?.received).toHaveLength(1);
  });

  test('stay when the gate stops and takes its sockets away, and so does what waits in them', async () => {
    const ledger = memoryLedger();
    const cells = fakeCells({ survives: true, act: (cell) => cell.say(state(1, { build: build(7) })) });
    await start({ ledger, cells, policyLimits: 'tasksAtOnce: 1' });
    const [first, second] = [await bench.runner(), await bench.runner()];
    await (await first.session()).task({}, { check_run_id: '1' });
    await (await second.session()).task({}, { check_run_id: '2' });
    await Promise.all([bench.gate.stop(), first.close(), second.close()]);
    const [one, two] = await ledger.list({});
    expect([one, two]).toMatchObject([{ record: { phase: 'building' } }, { record: { phase: 'waiting' } }]);
  });

  test('of two runners do not disturb each other', async () => {
    await start();
    const [a, b] = [await bench.runner(), await bench.runner()];
    const first = await a.session();
    const second = await b.session();
    await second.close();
    expect(await first.challenge()).toContain(bench.audience);
  });
});

describe('the answer to a refused rehearsal', () => {
  test('tells the author about the own repository only, and the operator all', async () => {
    await start();
    const session = await (await bench.runner()).session();
    const answer = await session.rehearse({ repository: 'evil/app', repository_id: '666' });
    expect(answer).toMatchObject({ status: 403, body: { refused: { code: 'repository-not-listed' } } });
    expect(JSON.stringify(answer.body)).not.toMatch(/octo|123456/);
    expect(bench.audit().at(-1)).toMatchObject({
      event: 'rehearsal',
      decision: 'refused',
      repositoryId: '666',
      detail: expect.stringContaining('666'),
    });
  });
});

describe("the runner's word", () => {
  const asserted = (policy: Bench['policy']): Bench['policy'] => ({
    ...policy,
    identity: { ...policy.identity, mode: 'asserted' },
  });
  const { runner_environment: _environment, ...claims } = jobClaims;

  test('is taken where the policy says so', async () => {
    await start({ change: asserted });
    const runner = await bench.runner();
    const { body } = await runner.call('POST', '/v1/sessions', { v: 1, image: 'airlock' });
    expect(body).toMatchObject({ identity: 'asserted' });
    const path = `/v1/sessions/${body.session}`;
    expect(await runner.call('POST', `${path}/rehearsal`, { claims })).toEqual({ status: 200, body: { log: 'full' } });
    expect(
      await runner.call('POST', `${path}/tasks`, { v: 1, request: hex(), task: 'drone build', params: {}, claims }),
    ).toMatchObject({ status: 200 });
  });

  test('on which job it is gives no runner the task of another: each runner has its own', async () => {
    await start({ change: asserted });
    const ask = async (session: TestSession, check: string): Promise<unknown> => {
      const { status, body } = await session.ask({ claims: { ...claims, check_run_id: check } });
      return [status, body.refused?.code];
    };
    const evil = await (await bench.runner('evil', false)).session();
    const victim = await (await bench.runner('victim', false)).session();
    expect(await ask(evil, '500')).toEqual([200, undefined]);
    expect(await ask(victim, '500')).toEqual([200, undefined]);
    for (const check of ['500', '501', '502']) expect(await ask(evil, check)).toEqual([403, 'tasks-per-job']);
    const [one, two] = bench.audit().filter(({ event }) => event === 'task');
    expect([one?.job, two?.job]).toEqual([
      expect.stringMatching(/^123456\.1000\.1\.r[0-9a-f]{32}$/),
      expect.stringMatching(/^123456\.1000\.1\.r[0-9a-f]{32}$/),
    ]);
    expect(one?.job).not.toBe(two?.job);
  });

  test('is refused beside a token, and without claims', async () => {
    await start({ change: asserted });
    const session = await (await bench.runner()).session();
    for (const proof of [{}, { token: 'x' }, { token: 'x', claims }])
      expect(await session.runner.call('POST', `/v1/sessions/${session.id}/rehearsal`, proof)).toMatchObject({
        status: 403,
        body: { refused: { code: 'token-refused', message: 'token refused: this gate takes claims, not a token' } },
      });
    expect(
      await session.runner.call('POST', `/v1/sessions/${session.id}/rehearsal`, { claims: { ...claims, ref: '' } }),
    ).toMatchObject({
      status: 403,
      body: { refused: { code: 'token-refused', message: 'token refused: ref: is missing' } },
    });
  });
});

describe('a gate', () => {
  test('does not start with a policy that asks for what it cannot do', async () => {
    await start();
    const audit = await fileAudit(`${bench.folder}/other`);
    const policy = { ...bench.policy, identity: { ...bench.policy.identity, bind: 'arc' as const } };
    const make = (): unknown =>
      createGate({ policy, ledger: memoryLedger(), audit, cells: noEngine, log: silentLog() });
    expect(make).toThrow('identity.bind: arc is not available in this version');
    await audit.close();
  });

  test('without an engine answers questions of identity and policy, and starts nothing', async () => {
    await start({ cells: noEngine });
    expect(bench.gate.notReady()).toEqual(['no cell engine is configured']);
    const session = await (await bench.runner()).session();
    expect(await session.rehearse()).toEqual({ status: 200, body: { log: 'full' } });
    expect(await session.ask()).toMatchObject({ status: 500, body: { failed: { code: 'no-cell-engine' } } });
    expect(await session.ask({ params: { EVIL: 'x' } })).toMatchObject({
      status: 403,
      body: { refused: { code: 'param-not-allowed' } },
    });
  });
});
