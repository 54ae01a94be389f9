// One job from its session to its result, as a hook plays it.

import { Agent } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { parseEvent, parseOrder } from '../../src/protocol/index.ts';
import { type Bench, type BenchOptions, eventually, hex, startBench } from './support/bench.ts';
import { call, readEvents } from './support/http.ts';
import { jobClaims } from './support/issuer.ts';

let bench: Bench;
const start = async (options?: BenchOptions): Promise<Bench> => (bench = await startBench(options));
afterEach(() => bench.stop());

describe('a job that the policy allows', () => {
  test('opens a session, rehearses, gets its task, its events, and a success', async () => {
    const { cells, audit } = await start();
    const runner = await bench.runner('runner-a');
    const opened = await runner.call('POST', '/v1/sessions', { v: 1, image: 'airlock' });
    expect(opened).toMatchObject({ status: 200, body: { identity: 'github', reconnect: 300, silent: 30 } });
    const session = await runner.session();
    expect(await session.rehearse()).toEqual({ status: 200, body: { log: 'full' } });
    const { id, reader } = await session.task({ params: { ENVIRONMENT: 'staging' } });
    await reader.ended;
    expect(reader.events.map(({ k }) => k)).toEqual(['state', 'state', 'log', 'result']);
    expect(reader.events.map((event) => parseEvent(event)).at(-1)).toMatchObject({
      verdict: 'success',
      outputs: { number: '7' },
    });
    expect(reader.all[0]).toEqual({ k: 'ping' });
    await eventually(() => cells.alive() === 0 && audit().at(-1)?.event === 'end');
    expect(cells.orders()).toHaveLength(1);
    const order = parseOrder(cells.orders()[0]);
    expect(order).toMatchObject({
      id,
      kind: 'build',
      repository: 'octo/app',
      ref: jobClaims.ref,
      commit: jobClaims.sha,
      params: { ENVIRONMENT: 'staging' },
      drone: { server: 'https://drone.internal', token: 'the-drone-token' },
    });
    expect(cells.cells[0]!.received.at(-1)).toEqual({ end: true });
    expect(audit().map(({ event, decision }) => [event, decision])).toEqual([
      ['session', 'allowed'],
      ['session', 'allowed'],
      ['rehearsal', 'allowed'],
      ['task', 'allowed'],
      ['order', 'allowed'],
      ['end', undefined],
    ]);
  });

  test('its cell is told that the repository may be disabled in Drone, where the policy accepts that alone', async () => {
    const ordered = async (disabled?: 'accepted') => {
      const { cells } = await start({
        change: (policy) => ({ ...policy, repositories: policy.repositories.map((one) => ({ ...one, disabled })) }),
      });
      const { reader } = await (await (await bench.runner()).session()).task();
      await reader.ended;
      return parseOrder(cells.orders()[0]).disabled;
    };
    expect(await ordered('accepted')).toBe('accepted');
    await bench.stop();
    expect(await ordered()).toBeUndefined();
  });

  test('the rehearsed cell takes the order: one cell for the whole job', async () => {
    const { cells } = await start();
    const session = await (await bench.runner()).session();
    await session.rehearse();
    await eventually(() => cells.cells.length === 1);
    expect(cells.orders()).toEqual([]);
    const { reader } = await session.task();
    await reader.ended;
    expect(cells.cells).toHaveLength(1);
    // The job has had its task, so no other cell is kept for it.
    await session.rehearse();
    await new Promise((done) => setTimeout(done, 30));
    expect(cells.cells).toHaveLength(1);
  });

  test('reads on from the numbers that it has seen', async () => {
    await start();
    const session = await (await bench.runner()).session();
    const { id, reader } = await session.task();
    await reader.ended;
    const later = readEvents(session.runner.path, id, 'state=2&log=2');
    await later.ended;
    expect(later.events).toMatchObject([
      { k: 'log', n: 3, lines: ['three'] },
      { k: 'result', n: 3 },
    ]);
    const done = readEvents(session.runner.path, id, 'state=3&log=3');
    await done.ended;
    expect(done.events).toEqual([]);
  });

  test('the same request id again is the same task, with another body it is refused', async () => {
    const { cells } = await start();
    const session = await (await bench.runner()).session();
    const request = hex();
    const first = await session.ask({ request });
    const again = await session.ask({ request });
    expect(again.body.task).toBe(first.body.task);
    expect(await session.ask({ request, params: { ENVIRONMENT: 'staging' } })).toMatchObject({
      status: 409,
      body: {
        refused: { code: 'request-changed', message: 'this request id was used before to ask for something else' },
      },
    });
    await readEvents(session.runner.path, first.body.task).ended;
    expect(cells.orders()).toHaveLength(1);
  });

  test('1000 requests at once are exactly one order', { timeout: 60_000 }, async () => {
    const { cells } = await start({ limits: { connections: 2_000 } });
    const session = await (await bench.runner()).session();
    const token = await session.token();
    const agent = new Agent({ keepAlive: true, maxSockets: 400 });
    const path = `/v1/sessions/${session.id}/tasks`;
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () =>
        call(
          session.runner.path,
          'POST',
          path,
          { v: 1, request: hex(), task: 'drone build', params: {}, token },
          agent,
        ),
      ),
    );
    agent.destroy();
    const allowed = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ body }) => body.refused?.code === 'tasks-per-job');
    expect([allowed.length, refused.length]).toEqual([1, 999]);
    await readEvents(session.runner.path, allowed[0]!.body.task).ended;
    expect(cells.orders()).toHaveLength(1);
  });
});
