// The policy is replaced while the gate runs.

import { afterEach, describe, expect, test } from 'vitest';
import { type LivePolicy, livePolicy, needsRestart } from '../../src/gate/live-policy.ts';
import type { Policy } from '../../src/policy/index.ts';
import type { Event } from '../../src/protocol/index.ts';
import { build, fakeCells, result, state } from '../fakes/cells.ts';
import { type Bench, eventually, startBench } from './support/bench.ts';

describe('a policy that is replaced while the gate runs', () => {
  let bench: Bench;
  let live: LivePolicy;
  let first: Policy;
  afterEach(() => bench.stop());

  const start = async (policyLimits?: string): Promise<void> => {
    bench = await startBench({
      ...(policyLimits === undefined ? {} : { policyLimits }),
      cells: fakeCells({
        act(cell) {
          cell.say(state(1, { phase: 'preflight' }));
          cell.say(state(2, { build: build(7) }));
        },
      }),
      change(policy) {
        first = policy;
        live = livePolicy(policy);
        return live.policy;
      },
    });
  };
  const newer = (change: Partial<Policy>): void => live.replace({ ...first, hash: 'f'.repeat(64), ...change });

  test('decides the next task; the running one ends as it was granted, under its own hash', async () => {
    await start();
    const { reader } = await (await (await bench.runner()).session()).task();
    await eventually(() => bench.cells.orders().length === 1);
    newer({ repositories: [] });
    const other = await (await bench.runner()).session();
    expect(await other.ask({}, { check_run_id: '2' })).toMatchObject({
      status: 403,
      body: { refused: { code: 'repository-not-listed' } },
    });
    const cell = bench.cells.cells.find(({ received }) => received.length > 0)!;
    cell.say(result(3));
    expect(await reader.until(({ k }: Event) => k === 'result')).toMatchObject({ verdict: 'success' });
    await eventually(() => bench.audit().some(({ event }) => event === 'end'));
    const of = (fits: string) => bench.audit().find(({ event, decision }) => `${event} ${decision}` === fits)?.policy;
    expect(of('task refused')).toBe('f'.repeat(64));
    expect(bench.audit().find(({ event }) => event === 'end')?.policy).toBe(first.hash);
  });

  test('has more places at once: who waits gets them without anybody leaving', async () => {
    await start('tasksAtOnce: 1');
    await (await (await bench.runner()).session()).task();
    await eventually(() => bench.cells.orders().length === 1);
    const { reader, phase } = await (await (await bench.runner()).session()).task({}, { check_run_id: '2' });
    expect(phase).toBe('waiting');
    newer({ limits: { ...first.limits, tasksAtOnce: 2 } });
    await reader.until(({ k }: Event) => k === 'turn');
  });
});

describe('what a running gate cannot take on', () => {
  const policy = {
    image: { run: 'a', accept: ['x'] },
    identity: { audience: 'a', bind: 'none' },
    hash: '1',
  } as never as Policy;

  test('is the image of its cells and the identity of those who ask', () => {
    expect(needsRestart(policy, { ...policy, image: { run: 'b', accept: ['x'] } })).toEqual(['image.run']);
    expect(needsRestart(policy, { ...policy, identity: { ...policy.identity, bind: 'github' } })).toEqual(['identity']);
  });

  test('is nothing else', () => {
    expect(needsRestart(policy, { ...policy, hash: '2', image: { run: 'a', accept: ['y'] } })).toEqual([]);
  });
});
