// A cell with a probe order: what it finds around it, and that it does nothing else.

import { type AddressInfo, type Server, createServer } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Probe, parseCellEvent } from '../../src/protocol/index.ts';
import { oneStage, posts, sim } from '../drone/sim.ts';
import { startProxy } from '../fakes/connect-proxy.ts';
import { buildScript, orderFor, startCell } from './cells.ts';

let script = '';
beforeAll(async () => {
  script = await buildScript();
});
const green = oneStage({ name: 'deploy', lines: ['deployed\n'] });

const listeners: Server[] = [];
afterEach(() => {
  for (const one of listeners.splice(0)) one.close();
});
/** A listener, and every byte that it was sent. */
async function listener(): Promise<{ port: number; calls: () => number; bytes: () => number }> {
  let calls = 0;
  let bytes = 0;
  const server = createServer((socket) => {
    calls++;
    socket.on('data', (chunk) => (bytes += chunk.length)).on('error', () => undefined);
  });
  listeners.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: (server.address() as AddressInfo).port, calls: () => calls, bytes: () => bytes };
}

async function probed(url: string, probe: Partial<Probe>, more: Parameters<typeof orderFor>[1] = {}) {
  const cell = startCell(script);
  cell.send(orderFor(url, { kind: 'probe', probe: { reach: [], names: [], account: true, ...probe }, ...more }));
  const result = await cell.result();
  const [found] = cell.probes;
  if (found === undefined) throw new Error(`nothing was found: ${result.message}`);
  return { found, result, cell };
}

describe('a probe', () => {
  test('finds what listens and what does not, sends it nothing, and asks Drone only who it is', async () => {
    const drone = await sim(green);
    const open = await listener();
    const closed = await listener();
    listeners.pop()?.close();
    const reach = [
      { host: '127.0.0.1', port: open.port },
      { host: '127.0.0.1', port: closed.port },
      { host: '::1', port: closed.port },
    ];
    const { found, result, cell } = await probed(drone.url, { reach });
    expect(found.reach.slice(0, 2)).toEqual(['connected', 'refused']);
    expect(found.reach[2]).not.toBe('connected');
    expect(result).toMatchObject({ verdict: 'success', code: 'ok', n: 2 });
    expect([open.calls(), open.bytes()]).toEqual([1, 0]);
    expect(posts(drone)).toBe(0);
    cell.send({ end: true });
    expect(await cell.exit).toBe(0);
  });

  test('tells what it found although Drone says no', async () => {
    const drone = await sim(green);
    const open = await listener();
    const reach = [{ host: '127.0.0.1', port: open.port }];
    const { found, result } = await probed(drone.url, { reach }, { drone: { token: 'wrong-token' } });
    expect(found.reach).toEqual(['connected']);
    expect(result).toMatchObject({ verdict: 'error', code: 'drone-token-rejected' });
  });

  test('without a token of its own asks for no account', async () => {
    const drone = await sim(green);
    const { result } = await probed(drone.url, { account: false }, { drone: { token: 'none' } });
    expect(result).toMatchObject({ verdict: 'success', code: 'ok' });
    expect(drone.requests.map(({ path }) => path)).not.toContain('/api/user');
  });

  test('asks the proxy for a tunnel, and finds one that opens it to all the world and one that does not', async () => {
    const drone = await sim(green);
    const port = Number(new URL(drone.url).port);
    const target = await listener();
    const proxy = await startProxy();
    const reach = [{ host: '127.0.0.1', port: target.port, by: 'proxy' as const }];
    const by = { drone: { proxy: `http://127.0.0.1:${proxy.port}` } };
    try {
      const { found, result } = await probed(drone.url, { reach }, by);
      expect(found.reach).toEqual(['connected']);
      expect(result.code).toBe('ok');
      proxy.status = 403;
      expect((await probed(drone.url, { reach }, by)).found.reach).toEqual(['refused']);
      expect(proxy.requests.map((one) => one.target)).toContain(`127.0.0.1:${port}`);
      expect(target.bytes()).toBe(0);
    } finally {
      await proxy.close();
    }
  });

  test('finds no name that nobody has', async () => {
    const drone = await sim(green);
    const { found } = await probed(drone.url, { names: ['no-such-name.invalid'] });
    expect(found.names[0]).not.toBe('connected');
  });

  test('is told to the gate alone: what another cell says so is refused', async () => {
    const drone = await sim(green);
    const { found } = await probed(drone.url, {});
    expect(() => parseCellEvent(found)).toThrow('is not as expected');
  });
});
