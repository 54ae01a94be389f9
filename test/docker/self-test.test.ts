import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { bundle } from '../../scripts/bundle.mjs';
import {
  type Attempt,
  createEngine,
  defaultDockerTiming,
  defaultTiming,
  machineSurroundings,
  probeFrom,
  silentLog,
} from '../../src/gate/index.ts';
import { buildScript } from '../cell/cells.ts';
import { droneToken } from '../e2e/support/world.ts';
import { programOf } from '../support/programs.ts';
import { run } from '../support/run.ts';
import { neighbour } from './neighbour.ts';
import { type StartedDrone, startDrone } from './start-drone.ts';
import { type TestEngine, cellsOn, describeEngine, endAll, engineCall, makeNetwork } from './support.ts';

// The self-test on a real engine: what it looks at, what a cell finds there, and what the doctor says of it.

/** Listens on every address of the engine's machine. */
async function listenOnMachine({ socket, image }: TestEngine, port: number): Promise<() => Promise<unknown>> {
  const script = `require('node:net').createServer((c) => c.end()).listen(${port}, () => console.log('up'))`;
  const made = await engineCall(socket, 'POST', '/containers/create', {
    Image: image,
    Cmd: ['node', '-e', script],
    HostConfig: { NetworkMode: 'host' },
  });
  const path = `/containers/${made.body.Id}`;
  await engineCall(socket, 'POST', `${path}/start`);
  const says = async () => String((await engineCall(socket, 'GET', `${path}/logs?stdout=1`)).body);
  await vi.waitFor(async () => expect(await says()).toContain('up'), { timeout: 60_000 });
  return () => engineCall(socket, 'DELETE', `${path}?force=1`);
}

async function gatewayOf({ socket }: TestEngine, network: string): Promise<string> {
  const { body } = await engineCall(socket, 'GET', `/networks/${network}`);
  return String(body.IPAM.Config[0].Gateway);
}

/** Not the ports that the self-test of anybody else looks at. */
const port = 20_000 + Math.floor(Math.random() * 10_000);

await describeEngine("the test of the cells' network", (engine) => {
  let script = '';
  let end: () => Promise<unknown>;
  beforeAll(async () => {
    script = await buildScript();
    end = await listenOnMachine(engine, port);
  }, 120_000);
  afterEach(endAll);
  afterAll(() => end());

  const api = createEngine(engine.socket, defaultDockerTiming, silentLog());
  const drone = { server: 'http://10.255.255.1', token: 'workflow' } as const;
  async function find(network: string, attempts: (cell: string) => Promise<readonly Attempt[]>) {
    const cells = cellsOn({ ...engine, network }, { script });
    const { signal } = new AbortController();
    const asked = { cells, timing: defaultTiming, log: silentLog(), drone, attempts, token: false, signal };
    return (await probeFrom(asked)).tried;
  }

  it('finds a service of the machine by the address of the bridge, which an internal network does not hide', async () => {
    const around = machineSurroundings({ engine: api, network: engine.network, ports: [port] });
    const tried = await find(engine.network, around);
    const host = await gatewayOf(engine, engine.network);
    expect(tried).toContainEqual({ what: 'gate', host, port, found: 'connected' });
    expect(tried.filter(({ found }) => found === 'connected')).toHaveLength(1);
    expect(tried).toContainEqual({ what: 'machine', host, port: 2375, found: 'refused' });
  });

  it('finds the machine by every address that it has: `internal` keeps nobody from it', async () => {
    const other = await makeNetwork(engine.socket);
    try {
      const host = await gatewayOf(engine, other);
      const attempt = (): Promise<readonly Attempt[]> => Promise.resolve([{ what: 'machine', host, port }]);
      expect(await find(engine.network, attempt)).toEqual([{ what: 'machine', host, port, found: 'connected' }]);
    } finally {
      await engineCall(engine.socket, 'DELETE', `/networks/${other}`);
    }
  });

  it("tries what stands in the runners' network, but not what stands in both", async () => {
    const runners = await makeNetwork(engine.socket);
    const one = await neighbour(engine, runners);
    const both = await neighbour(engine, runners);
    try {
      const { body } = await engineCall(engine.socket, 'GET', `/networks/${runners}`);
      const ids = Object.entries(body.Containers as Record<string, { IPv4Address: string }>);
      const [id = ''] = ids.find(([, { IPv4Address }]) => IPv4Address.startsWith(`${both.host}/`)) ?? [];
      await engineCall(engine.socket, 'POST', `/networks/${engine.network}/connect`, { Container: id });
      const around = machineSurroundings({ engine: api, network: engine.network, runners, ports: [] });
      const theirs = (await around('')).filter(({ what }) => what === 'runners');
      expect(new Set(theirs.map(({ host }) => host))).toEqual(new Set([one.host]));
      const tried = await find(engine.network, () => Promise.resolve(theirs));
      expect(tried.map(({ found }) => found)).not.toContain('connected');
    } finally {
      await Promise.all([one.end(), both.end()]);
      await engineCall(engine.socket, 'DELETE', `/networks/${runners}`);
    }
  });

  it('is told by the doctor in one line each, and by its exit code', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'airlock-doctor-'));
    const at = (name: string): string => join(folder, name);
    const runners = await makeNetwork(engine.socket);
    let drone: StartedDrone | undefined;
    try {
      drone = await startDrone(engine, { stages: [{ name: 'default', steps: [{ name: 'deploy' }] }] });
      const program = await programOf('src/cli/main.ts');
      await bundle({ outdir: join(dirname(program), 'dist'), only: ['cell', 'hook'] });
      writeFileSync(at('drone-token'), `${droneToken}\n`, { mode: 0o600 });
      writeFileSync(
        at('policy.yaml'),
        `version: 1
image: { run: '${engine.image}', accept: [airlock] }
identity: { audience: 'https://airlock.test.example', bind: github }
drones: { internal: { server: '${drone.url}', token: { file: ${at('drone-token')} }, plainHttp: accepted } }
repositories: []
`,
      );
      const config = (more: string): void =>
        writeFileSync(
          at('airlock.yaml'),
          `version: 1
policy: ${at('policy.yaml')}
ledger: ${at('ledger')}
audit: ${at('audit')}
engine: { docker: { socket: ${engine.socket}, network: ${engine.network} } }
sockets: [{ name: first, path: ${at('first.sock')} }]
github: { organization: octo, app: 1, key: { file: ${at('app.pem')} } }
fleet: { labels: [airlock], image: '${engine.image}', network: ${runners} }
${more}`,
        );
      const doctor = () =>
        run(process.execPath, [program, 'doctor', '--config', at('airlock.yaml')], { limit: 120_000 });
      config('');
      const fine = await doctor();
      const line = (text: string, start: string): string =>
        text
          .split('\n')
          .find((one) => one.startsWith(start))
          ?.replace(/ {2,}/g, ' | ') ?? '';
      expect(fine.stderr).toBe('');
      expect(fine.code).toBe(0);
      expect(line(fine.stdout, 'a cell -> the machine')).toMatch(
        /\| not reached \| not reached, \d+ ways tried \| ok$/,
      );
      expect(line(fine.stdout, 'a cell -> the internet')).toContain('| ok');
      expect(line(fine.stdout, 'a cell -> Drone')).toContain('| answers and takes the token | ok');
      expect(line(fine.stdout, 'a runner -> Drone')).toContain('| not reached | not reached | ok');
      expect(line(fine.stdout, 'the runner first')).toContain('| stays (static socket) | weak | use fleet:');

      config(`listen: 127.0.0.1:${port}\n`);
      const open = await doctor();
      expect(open.code).toBe(1);
      expect(open.stderr).toMatch(/^airlock doctor: 2 of \d+ are not ok$/m);
      const hole = `${await gatewayOf(engine, engine.network)}:${port} reached | NOT OK | let the gate listen on 127.0.0.1 alone`;
      expect(line(open.stdout, 'a cell -> the gate')).toContain(hole);
      expect(line(open.stdout, 'a runner -> the gate')).toContain('| NOT OK |');
    } finally {
      await drone?.end();
      await engineCall(engine.socket, 'DELETE', `/networks/${runners}`);
      rmSync(folder, { recursive: true, force: true });
    }
  }, 300_000);
});
