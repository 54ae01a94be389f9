// The gate's test of its cells' network: what is open is served by nobody, unless the operator said why.

import { afterEach, describe, expect, test } from 'vitest';
import type { Attempt, GateOptions } from '../../src/gate/index.ts';
import type { Finding, Order } from '../../src/protocol/index.ts';
import { type FakeCell, type FakeCells, fakeCells, result, succeed } from '../fakes/cells.ts';
import { type Bench, type BenchOptions, type TestSession, eventually, startBench } from './support/bench.ts';
import type { Answer } from './support/http.ts';

let bench: Bench | undefined;
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});

const machine: Attempt = { what: 'machine', host: '172.30.0.1', port: 22 };

/** Cells in a network in which exactly this can be reached. */
function network(open: (order: Order, host: string) => boolean, drone: object = result(2, 'success', '')): FakeCells {
  return fakeCells({
    act(cell: FakeCell, order: Order) {
      if (order.kind !== 'probe') return succeed(cell);
      const say = (host: string): Finding => (open(order, host) ? 'connected' : 'silent');
      const { reach = [], names = [] } = order.probe ?? {};
      cell.say({ k: 'probe', n: 1, reach: reach.map(({ host }) => say(host)), names: names.map(say) });
      return cell.say(drone);
    },
  });
}
const closed = (): FakeCells => network(() => false);

async function gateWith(
  cells: FakeCells,
  accept: NonNullable<GateOptions['selfTest']>['accept'] = [],
  more: BenchOptions = {},
): Promise<Bench> {
  bench = await startBench({
    cells,
    selfTest: { surroundings: () => Promise.resolve([machine]), accept },
    ...more,
    timing: { selfTestRetry: 20, ...more.timing },
  });
  return bench;
}
const challenged = ({ id, runner }: TestSession): Promise<Answer> =>
  runner.call('POST', `/v1/sessions/${id}/challenge`, {});
const ready = (one: Bench) => (): boolean => one.gate.notReady().length === 0;

describe('a gate whose cells reach nothing that they must not', () => {
  test('is ready after its first test, and serves', async () => {
    const cells = closed();
    const one = await gateWith(cells);
    expect(one.gate.notReady()).toEqual(['the network of the cells has not been tested yet']);
    const session = await (await one.runner()).session();
    // Waits for the test.
    expect((await session.rehearse()).status).toBe(200);
    expect(one.gate.notReady()).toEqual([]);
    expect((await session.ask()).status).toBe(200);
    await eventually(() => cells.orders().some(({ kind }) => kind === 'build'));
  });

  test('tried the machine, metadata, the internet, and a name where no Drone needs one', async () => {
    const cells = closed();
    const address = (policy: Bench['policy']): Bench['policy'] => ({
      ...policy,
      drones: new Map([...policy.drones].map(([name, drone]) => [name, { ...drone, address: '10.9.9.9' }])),
    });
    const one = await gateWith(cells, [], { change: address });
    await eventually(ready(one));
    const [order] = cells.orders();
    expect(order?.kind).toBe('probe');
    expect(order?.drone.token).toBe('the-drone-token');
    expect(order?.probe?.names).toEqual(['github.com']);
    const hosts = order?.probe?.reach.map(({ host }) => host);
    for (const host of ['172.30.0.1', '169.254.169.254', 'fd00:ec2::254', '1.1.1.1']) expect(hosts).toContain(host);
    // Nothing of it is left, and nobody took it for an orphan.
    expect(cells.alive()).toBe(0);
  });

  test('does not ask for a name where the way to Drone begins with one', async () => {
    const cells = closed();
    await eventually(ready(await gateWith(cells)));
    expect(cells.orders()[0]?.probe?.names).toEqual([]);
  });
});

describe('a gate whose cells reach the machine', () => {
  const open = (): FakeCells => network((_order, host) => host === machine.host);
  const problem =
    'a cell reaches what it must not: 172.30.0.1:22 (machine:22); close it, or accept it with a reason in selfTest.accept';

  test('says so to the operator, and to the author only that it is so', async () => {
    const one = await gateWith(open());
    await eventually(() => one.gate.notReady().includes(problem));
    const session = await (await one.runner()).session();
    expect(await challenged(session)).toMatchObject({
      status: 500,
      body: {
        failed: {
          code: 'network-open',
          message:
            "the network of this gate's cells is open where it must be closed, so nothing is started; tell its operator",
        },
      },
    });
    expect(one.cells.orders().every(({ kind }) => kind === 'probe')).toBe(true);
  });

  test.each(['machine:22', 'machine'])('serves where the operator accepts %s with a reason', async (what) => {
    const one = await gateWith(open(), [{ what, reason: 'the firewall of the data centre closes it' }]);
    await eventually(ready(one));
    const session = await (await one.runner()).session();
    expect((await session.rehearse()).status).toBe(200);
    expect((await session.ask()).status).toBe(200);
  });

  test.each(['machine:2', 'machine:2375', 'internet'])('does not where %s is accepted', async (what) => {
    const one = await gateWith(open(), [{ what, reason: 'the firewall of the data centre closes it' }]);
    await eventually(() => one.gate.notReady().includes(problem));
  });

  test('serves again once it is closed', async () => {
    let shut = false;
    const one = await gateWith(network((_order, host) => !shut && host === machine.host));
    await eventually(() => one.gate.notReady().includes(problem));
    shut = true;
    await eventually(ready(one));
  });

  test('lets a task that runs go on, and gives no new one', async () => {
    let hole = false;
    const cells = fakeCells({
      act(cell, order) {
        if (order.kind !== 'probe') return;
        const reach = (order.probe?.reach ?? []).map(() => (hole ? 'connected' : 'silent'));
        cell.say({ k: 'probe', n: 1, reach, names: [] });
        cell.say(result(2, 'success', ''));
      },
    });
    const one = await gateWith(cells, [], { timing: { selfTest: 20 } });
    await eventually(ready(one));
    const session = await (await one.runner()).session();
    const { reader } = await session.task();
    const building = (): FakeCell | undefined =>
      cells.cells.find(({ received }) => received.some((line) => 'kind' in line && line.kind === 'build'));
    await eventually(() => building() !== undefined);
    const other = await (await one.runner()).session();
    const claims = { run_id: '2', check_run_id: '2' };
    const [first, second] = [await other.token(claims), await other.token(claims)];
    hole = true;
    await eventually(() => one.gate.notReady().length > 0);
    // They were proved before: the walls count when something is to start.
    const open = { status: 500, body: { failed: { code: 'network-open' } } };
    expect(await other.runner.call('POST', `/v1/sessions/${other.id}/rehearsal`, { token: first })).toMatchObject(open);
    expect(await other.ask({ token: second })).toMatchObject(open);
    const cell = building();
    if (cell !== undefined) succeed(cell);
    expect(await reader.until(({ k }) => k === 'result')).toMatchObject({ verdict: 'success' });
  });
});

describe('a test that finds other things wrong', () => {
  test('warns of a Drone that does not answer, and serves', async () => {
    const one = await gateWith(network(() => false, result(2, 'error', '', 'drone-unreachable')));
    await eventually(ready(one));
    expect(one.gate.warnings()).toEqual([
      'no cell can work with the Drone "internal" now: said by the cell [drone-unreachable]',
    ]);
  });

  test.each<readonly [string, (cell: FakeCell, order: Order) => void]>([
    ['says nothing of what it tried', (cell) => cell.say(result(1, 'success', ''))],
    [
      'tells fewer attempts than it was given',
      (cell) => {
        cell.say({ k: 'probe', n: 1, reach: ['silent'], names: [] });
        cell.say(result(2, 'success', ''));
      },
    ],
    [
      'tells more',
      (cell, order) => {
        cell.say({ k: 'probe', n: 1, reach: [...(order.probe?.reach ?? []).map(() => 'silent'), 'silent'], names: [] });
        cell.say(result(2, 'success', ''));
      },
    ],
    ['says something else', (cell) => cell.say('nonsense')],
    ['ends', (cell) => cell.end(1)],
  ])('is none when the cell %s: nothing is started until there is one', async (_what, act) => {
    let good = false;
    const cells = fakeCells({
      act(cell, order) {
        if (!good) return act(cell, order);
        cell.say({ k: 'probe', n: 1, reach: (order.probe?.reach ?? []).map(() => 'refused'), names: [] });
        return cell.say(result(2, 'success', ''));
      },
    });
    const one = await gateWith(cells, [], { timing: { admit: 50 } });
    await eventually(() => one.gate.notReady().some((why) => why.startsWith('the network of the cells could not')));
    const session = await (await one.runner()).session();
    // A hook asks again until it is tested.
    expect(await challenged(session)).toMatchObject({ status: 503, body: { failed: { code: 'no-cell-engine' } } });
    good = true;
    await eventually(ready(one));
    await eventually(() => cells.alive() === 0);
  });
});
