import { beforeAll, describe, expect, test } from 'vitest';
import { oneStage, posts, sim, slug } from '../drone/sim.ts';
import { buildScript, isWhole, linesOf, orderFor, startCell } from './cells.ts';

let script = '';
beforeAll(async () => {
  script = await buildScript();
});

const green = oneStage(
  { name: 'build', lines: ['+ make\n', 'made\n'], ms: 60 },
  { name: 'deploy', lines: ['deployed\n'], ms: 60 },
);
const forEver = oneStage({ name: 'deploy', lines: ['deploying\n'], ms: Number.POSITIVE_INFINITY });
const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

describe('the script', () => {
  test('is one text that node -e and the kubelet take as it is', () => {
    expect(Buffer.byteLength(script)).toBeLessThanOrEqual(120_000);
    expect(script).not.toMatch(/\$[$(]/);
  });

  test('leaves the globals of its process alone', async () => {
    const drone = await sim(green);
    const check = `const before = Object.keys(globalThis).join();\n${script}\nprocess.on('exit', () => process.stderr.write(process.title + ' ' + (before === Object.keys(globalThis).join())));`;
    const cell = startCell(check);
    cell.send(orderFor(drone.url));
    await cell.result();
    cell.send({ end: true });
    await cell.exit;
    expect(cell.stderr()).toMatch(/node true$/);
  });
});

describe('an order', () => {
  test('nothing is said before it', async () => {
    const cell = startCell(script);
    await wait(300);
    expect(cell.stdout() + cell.stderr()).toBe('');
  });

  test('that accepts a disabled repository builds it, and without that word it is refused', async () => {
    const drone = await sim(green, { repository: { active: false } });
    const refused = startCell(script);
    refused.send(orderFor(drone.url));
    expect(await refused.result()).toMatchObject({
      verdict: 'error',
      code: 'drone-repository-disabled',
      message: expect.stringContaining('is disabled in Drone'),
    });
    expect(posts(drone)).toBe(0);
    const accepted = startCell(script);
    accepted.send(orderFor(drone.url, { disabled: 'accepted' }));
    expect(await accepted.result()).toMatchObject({ verdict: 'success' });
    expect(posts(drone)).toBe(1);
  });

  test('becomes events and a result; after `end` the cell leaves with 0', async () => {
    const drone = await sim(green);
    const cell = startCell(script);
    cell.send(orderFor(drone.url, { expect: { steps: ['default/deploy'] } }));
    const result = await cell.result();
    expect(result).toMatchObject({
      verdict: 'success',
      code: 'ok',
      outputs: {
        number: '1',
        url: `${drone.url}/${slug}/1`,
        status: 'success',
        commit: orderFor('').commit,
        started: expect.stringMatching(/^\d{10}$/),
        finished: expect.stringMatching(/^\d{10}$/),
      },
    });
    expect(isWhole(cell.events)).toBe(true);
    expect(linesOf(cell.events, 'default/build')).toEqual(['+ make', 'made']);
    expect(linesOf(cell.events, 'default/deploy')).toEqual(['deployed']);
    const phases = cell.events.flatMap((event) => (event.k === 'state' ? [event.phase] : []));
    expect(phases.slice(0, 2)).toEqual(['preflight', 'trigger']);
    expect(phases.at(-1)).toBe('done');
    expect(cell.events.at(-1)?.k).toBe('result');
    cell.send({ end: true });
    expect(await cell.exit).toBe(0);
    expect(cell.stderr()).toBe('');
  });

  test('that ends in a failure leaves with 1', async () => {
    const drone = await sim(oneStage({ name: 'deploy', status: 'failure', exitCode: 3 }));
    const cell = startCell(script);
    cell.send(orderFor(drone.url));
    expect(await cell.result()).toMatchObject({ verdict: 'failure', code: 'build-failed' });
    cell.send({ end: true });
    expect(await cell.exit).toBe(1);
  });

  test('that Drone refuses says what to do', async () => {
    const drone = await sim(green);
    const cell = startCell(script);
    cell.send(orderFor(drone.url, { drone: { token: 'wrong-token' } }));
    const result = await cell.result();
    expect(result).toMatchObject({
      verdict: 'error',
      code: 'drone-token-rejected',
      outputs: { number: '', status: 'error' },
    });
    expect(result.message).toContain('does not accept the token');
    expect(result.message).toContain('What to do: the operator');
    expect(posts(drone)).toBe(0);
  });

  test('of the kind probe only looks', async () => {
    const drone = await sim(green);
    const cell = startCell(script);
    cell.send(orderFor(drone.url, { kind: 'probe' }));
    expect(await cell.result()).toMatchObject({ verdict: 'success', code: 'ok' });
    expect(posts(drone)).toBe(0);
  });

  test.each([
    ['promote without a build', { kind: 'promote', target: 'production' }],
    ['promote without a target', { kind: 'promote', build: 1 }],
    ['rollback without a build', { kind: 'rollback', target: 'production' }],
    ['recover of a promotion', { kind: 'recover', then: 'follow', build: 2, target: 'production' }],
  ] as const)('of the kind %s is not understood', async (_name, order) => {
    const drone = await sim(green);
    const cell = startCell(script);
    cell.send(orderFor(drone.url, order));
    expect(await cell.result()).toMatchObject({ verdict: 'error', code: 'order-not-understood' });
    expect(drone.requests).toEqual([]);
  });

  test('the cell stays for a gate that comes back, and no longer than it was told', async () => {
    const drone = await sim(green);
    const cell = startCell(script);
    cell.send(orderFor(drone.url, { limits: { reconnect: 300 } }));
    await cell.result();
    expect(await cell.exit).toBe(0);
  });

  test('the end of stdin means nothing', async () => {
    const drone = await sim(green);
    const cell = startCell(script);
    cell.send(orderFor(drone.url, { limits: { reconnect: 100 } }));
    cell.endInput();
    expect(await cell.result()).toMatchObject({ verdict: 'success' });
    expect(await cell.exit).toBe(0);
  });

  test('no order at all is no success', async () => {
    const cell = startCell(script);
    cell.endInput();
    expect(await cell.exit).toBe(1);
    expect(cell.stdout()).toBe('');
  });
});

describe('what is no order', () => {
  // biome-ignore format: a table is read by its columns
  test.each<[string, string]>([
    ['text', 'hello\n'],
    ['an empty line', '\n'],
    ['JSON that is no order', '{"cancel":"author"}\n'],
    ['a duplicate key', '{"v":1,"v":1}\n'],
    ['another version', `${JSON.stringify({ ...orderFor('http://127.0.0.1:1'), v: 2 })}\n`],
    ['an unknown key', `${JSON.stringify({ ...orderFor('http://127.0.0.1:1'), more: 1 })}\n`],
    ['an order without a ref', `${JSON.stringify({ ...orderFor('http://127.0.0.1:1'), ref: undefined })}\n`],
    ['more than 1 MiB', `${'x'.repeat(1_048_577)}\n`],
  ])('%s is refused with a result and exit code 1', async (_name, text) => {
    const cell = startCell(script);
    cell.write(text);
    expect(await cell.result()).toMatchObject({ n: 1, verdict: 'error', code: 'order-not-understood' });
    cell.send({ end: true });
    expect(await cell.exit).toBe(1);
  });

  test('no value of a refused order is repeated: it may be the token', async () => {
    const cell = startCell(script);
    cell.send(orderFor('http://127.0.0.1:1', { drone: { token: 'has a blank' } }));
    const { message } = await cell.result();
    expect(message).toContain('drone.token');
    expect(cell.stdout() + cell.stderr()).not.toContain('has a blank');
  });
});

describe('further lines', () => {
  test('cancel ends the build', async () => {
    const drone = await sim(forEver);
    const cell = startCell(script);
    cell.send(orderFor(drone.url));
    await cell.until((events) => linesOf(events).length > 0);
    cell.send({ cancel: 'author' });
    cell.send({ cancel: 'operator' });
    expect(await cell.result()).toMatchObject({ verdict: 'cancelled', code: 'cancelled' });
    expect(drone.builds(slug)[0]?.status).toBe('killed');
    expect(cell.events.some((event) => event.k === 'state' && event.phase === 'cancelling')).toBe(true);
    cell.send({ end: true });
    expect(await cell.exit).toBe(1);
  });

  test('cancel before the build has a number ends the build that the list shows', async () => {
    const drone = await sim({ ...forEver, trigger: 'slow', slowMs: 20_000 });
    const cell = startCell(script);
    cell.send(orderFor(drone.url));
    await cell.until((events) => events.some((event) => event.k === 'state' && event.phase === 'trigger'));
    await wait(100);
    cell.send({ cancel: 'author' });
    expect(await cell.result()).toMatchObject({ verdict: 'cancelled' });
    expect(drone.builds(slug).map((build) => build.status)).toEqual(['killed']);
  });

  test('resume repeats what comes after the numbers, before the result and after it', async () => {
    const drone = await sim(forEver);
    const cell = startCell(script);
    cell.send(orderFor(drone.url));
    await cell.until((events) => linesOf(events).length > 0);
    const before = [...cell.events];
    const last = before.filter((event) => event.k !== 'log').at(-1)?.n ?? 0;
    cell.events.length = 0;
    cell.send({ resume: { state: 0, log: 0 } });
    await cell.until(
      (events) => events.filter((event) => event.k !== 'log').length >= last && linesOf(events).length > 0,
    );
    const repeated = cell.events.slice(0, before.length);
    const byKind = (events: typeof before): typeof before =>
      events.toSorted((a, b) => (a.k === b.k ? a.n - b.n : a.k < b.k ? -1 : 1));
    expect(byKind(repeated)).toEqual(byKind(before));
    cell.send({ cancel: 'author' });
    const result = await cell.result();
    cell.events.length = 0;
    cell.send({ resume: { state: result.n - 1, log: 1_000_000 } });
    expect(await cell.result()).toEqual(result);
    expect(cell.events).toEqual([result]);
  });

  test('the same order once more is ignored', async () => {
    const drone = await sim(green);
    const cell = startCell(script);
    cell.send(orderFor(drone.url));
    cell.send(orderFor(drone.url));
    expect(await cell.result()).toMatchObject({ verdict: 'success' });
    expect(posts(drone)).toBe(1);
  });

  test('another order ends the cell without a result', async () => {
    const drone = await sim(forEver);
    const cell = startCell(script);
    cell.send(orderFor(drone.url));
    await cell.until((events) => events.length > 0);
    cell.send(orderFor(drone.url, { id: 'b'.repeat(32) }));
    expect(await cell.exit).toBe(1);
    expect(cell.events.some((event) => event.k === 'result')).toBe(false);
    expect(cell.stderr()).toContain('another order came');
  });

  test('what is not understood is ignored', async () => {
    const drone = await sim(green);
    const cell = startCell(script);
    cell.send(orderFor(drone.url));
    for (const garbage of [
      '',
      'null',
      '[]',
      '7',
      '{',
      '{"cancel":"nobody"}',
      '{"resume":{}}',
      '{"end":false}',
      '{"__proto__":{"end":true}}',
    ])
      cell.write(`${garbage}\n`);
    cell.write(`${'x'.repeat(2_000_000)}\n`);
    expect(await cell.result()).toMatchObject({ verdict: 'success' });
    expect(isWhole(cell.events)).toBe(true);
    expect(cell.stderr()).toContain('a line was not understood and is ignored');
    expect(cell.stderr()).toContain('a line was too long and is ignored');
  });
});
