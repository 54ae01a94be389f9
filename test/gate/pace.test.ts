import { describe, expect, test } from 'vitest';
import { defaultBounds, defaultTiming } from '../../src/gate/index.ts';
import { createPace } from '../../src/gate/pace.ts';
import { hex, startBench } from './support/bench.ts';

describe('a runner', () => {
  test('that has used up its calls is answered late; others are not, and its calls come back', async () => {
    let now = 0;
    const clock = { now: () => now, monotonic: () => now };
    const pace = createPace(
      { ...defaultBounds, calls: 3, callsPerSecond: 2 },
      { ...defaultTiming, latecomer: 60_000 },
      clock,
    );
    const waits = (runner: string): Promise<string> =>
      Promise.race([
        pace.wait(runner).then(() => 'at once'),
        new Promise<string>((done) => setTimeout(done, 5, 'late')),
      ]);
    expect([await waits('a'), await waits('a'), await waits('a'), await waits('a')]).toEqual([
      'at once',
      'at once',
      'at once',
      'late',
    ]);
    expect(await waits('b')).toBe('at once');
    now = 500;
    pace.forget();
    expect([await waits('a'), await waits('a')]).toEqual(['at once', 'late']);
    now = 60_000;
    pace.forget();
    expect([await waits('a'), await waits('a'), await waits('a'), await waits('a')]).toEqual([
      'at once',
      'at once',
      'at once',
      'late',
    ]);
  });

  test('that floods the gate with calls fills neither the audit log nor the time of others', async () => {
    const bench = await startBench({ bounds: { calls: 20, callsPerSecond: 0 }, timing: { latecomer: 60_000 } });
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
