// A runner that calls too often is answered as its calls come back: never faster, whatever it opens, closes or repeats.

import { describe, expect, test } from 'vitest';
import { defaultBounds, memoryLedger, systemClock } from '../../src/gate/index.ts';
import { type Pace, createPace } from '../../src/gate/pace.ts';
import { eventually, hex, startBench } from './support/bench.ts';

/** A clock that stands until a test moves it. */
function frozen(): { now: number; readonly clock: { now(): number; monotonic(): number } } {
  const self = { now: 0, clock: { now: () => self.now, monotonic: () => self.now } };
  return self;
}
const waits = (pace: Pace, runner: string): Promise<string> =>
  Promise.race([pace.wait(runner).then(() => 'at once'), new Promise<string>((done) => setTimeout(done, 5, 'late'))]);

describe('a runner', () => {
  test('that has used up its calls waits; others do not', async () => {
    const pace = createPace({ ...defaultBounds, calls: 2, callsPerSecond: 1 }, frozen().clock);
    expect([await waits(pace, 'a'), await waits(pace, 'a'), await waits(pace, 'a')]).toEqual([
      'at once',
      'at once',
      'late',
    ]);
    expect(await waits(pace, 'b')).toBe('at once');
  });

  test('has its calls again after a while, and no more than at first', async () => {
    const time = frozen();
    const pace = createPace({ ...defaultBounds, calls: 2, callsPerSecond: 2 }, time.clock);
    expect([await waits(pace, 'a'), await waits(pace, 'a')]).toEqual(['at once', 'at once']);
    time.now = 500;
    pace.forget();
    expect([await waits(pace, 'a'), await waits(pace, 'b')]).toEqual(['at once', 'at once']);
    time.now = 60_000;
    pace.forget();
    expect([await waits(pace, 'a'), await waits(pace, 'a'), await waits(pace, 'a')]).toEqual([
      'at once',
      'at once',
      'late',
    ]);
  });

  test('with many calls at once has them one after the other, as many a second as it may', async () => {
    const pace = createPace({ ...defaultBounds, calls: 5, callsPerSecond: 50 }, systemClock);
    const began = performance.now();
    const order: number[] = [];
    await Promise.all(Array.from({ length: 30 }, (_none, at) => pace.wait('a').then(() => order.push(at))));
    expect(performance.now() - began).toBeGreaterThan((1_000 * (30 - 5)) / 50 - 5);
    expect(order).toEqual(Array.from({ length: 30 }, (_none, at) => at));
  });

  test('that goes away while it waits is forgotten at once, and its call is left to the next', async () => {
    const time = frozen();
    const pace = createPace({ ...defaultBounds, calls: 1, callsPerSecond: 10 }, time.clock);
    await pace.wait('a');
    const [first, second] = [new AbortController(), new AbortController()];
    const left = [pace.wait('a', first.signal), pace.wait('a', second.signal)];
    let handled = false;
    const stays = pace.wait('a').then(() => (handled = true));
    second.abort();
    first.abort();
    await Promise.all(left);
    expect(handled).toBe(false);
    time.now = 100;
    await stays;
    expect(await waits(pace, 'a')).toBe('late');
  });

  test('that floods the gate with calls fills neither the audit log nor the time of others', async () => {
    const bench = await startBench({ bounds: { calls: 20, callsPerSecond: 0 } });
    const [flood, other] = [await bench.runner(), await bench.runner()];
    const calls = Array.from({ length: 30 }, () =>
      flood.call('POST', '/v1/sessions', { v: 1, image: hex() }).catch(() => null),
    );
    await Promise.all(calls.slice(0, 20));
    expect(bench.audit()).toHaveLength(20);
    expect((await other.session()).id).toMatch(/^[0-9a-f]{32}$/);
    await bench.stop();
    await Promise.all(calls);
  });
});

describe('a call that had to wait', () => {
  const bounds = { calls: 1, callsPerSecond: 1 };
  const open = { v: 1, image: 'airlock' };

  test('is handled when its time has come', async () => {
    const bench = await startBench({ bounds });
    const runner = await bench.runner();
    await runner.session();
    expect(await runner.call('POST', '/v1/sessions', open)).toMatchObject({ status: 200 });
    await bench.stop();
  });

  test('is not handled by a gate that is stopping by then', async () => {
    const bench = await startBench({ bounds, limits: { close: 5_000 } });
    const runner = await bench.runner();
    await runner.session();
    const late = runner.call('POST', '/v1/sessions', open);
    await new Promise((done) => setTimeout(done, 20));
    await bench.gate.stop();
    expect(await late).toMatchObject({ status: 503, body: { failed: { code: 'gate-stopping' } } });
    expect(bench.audit().map(({ event }) => event)).toEqual(['session', 'stop']);
    await bench.stop();
  });

  test('is not handled by a gate that is a standby by then', async () => {
    let epoch: number | null = 1;
    const bench = await startBench({ bounds, ledger: { ...memoryLedger(), epoch: () => epoch } });
    const runner = await bench.runner();
    await runner.session();
    const late = runner.call('POST', '/v1/sessions', open);
    await new Promise((done) => setTimeout(done, 20));
    epoch = null;
    expect(await late).toEqual({ status: 503, body: { code: 'standby' } });
    await bench.stop();
  });

  test('is not handled when its caller is gone, and costs the next one nothing', async () => {
    const bench = await startBench({ bounds });
    const runner = await bench.runner();
    await runner.session();
    const gone = new AbortController();
    const call = { method: 'POST', path: '/v1/sessions', query: '', body: Buffer.from(JSON.stringify(open)) };
    const late = bench.gate.handle({ id: runner.name, ephemeral: true }, { ...call, gone: gone.signal });
    gone.abort();
    await late;
    await runner.session();
    await eventually(() => bench.audit().length >= 2);
    expect(bench.audit().map(({ event }) => event)).toEqual(['session', 'session']);
    await bench.stop();
  });
});
