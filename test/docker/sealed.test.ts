import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Cell } from '../../src/gate/cells/engine.ts';
import { neighbour } from './neighbour.ts';
import { curious, obedient } from './scripts.ts';
import { set } from './shown.ts';
import {
  cellsOn,
  changedImage,
  describeEngine,
  endAll,
  engineCall,
  lineOf,
  linesOf,
  makeNetwork,
  randomId,
  type TestEngine,
} from './support.ts';

// The seal, looked at from both sides: what the engine shows of a cell equals one golden file, and what a script sees
// from inside is as little as that says.

const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as Record<string, unknown>;

/** Of what an engine adds by itself, at least this is hidden from every container. */
const hidden = ['/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/scsi', '/sys/firmware'];
const readOnly = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

const inspect = async (engine: TestEngine, cell: Cell) =>
  (await engineCall(engine.socket, 'GET', `/containers/airlock-cell-${cell.id}/json`)).body;

interface Seen {
  readonly env: Record<string, string>;
  readonly ids: readonly number[];
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: string;
  readonly seccomp: string;
  readonly processes: readonly string[];
  readonly interfaces: readonly string[];
  readonly groups: readonly string[];
  readonly writable: readonly string[];
  readonly writes: Record<string, string>;
  readonly mounts: readonly (readonly [string, string, string])[];
  readonly core: readonly string[];
  readonly directory: string;
  readonly hostname: string;
  readonly reached: readonly string[];
}

async function look(cell: Cell, reach: readonly object[] = []): Promise<Seen> {
  const lines = linesOf(cell);
  await lineOf(lines);
  cell.send({ reach });
  return JSON.parse(await lineOf(lines)) as Seen;
}

await describeEngine('a sealed cell', (engine) => {
  afterEach(endAll);

  describe('as the engine shows it', () => {
    it('equals the golden specification', async () => {
      const cell = await cellsOn(engine, { script: obedient, installation: 'golden' }).start(randomId());
      const { HostConfig, Config, Mounts, Path, Args, AppArmorProfile, ExecIDs } = await inspect(engine, cell);
      const { MaskedPaths, ReadonlyPaths, Runtime, ...hostConfig } = HostConfig;
      const text = JSON.stringify(set({ HostConfig: hostConfig, Config, Mounts, Path, Args, ExecIDs }))
        .replaceAll(cell.id, '(id)')
        .replaceAll(engine.image, '(image)')
        .replaceAll(engine.network, '(network)')
        .replaceAll(JSON.stringify(obedient), '"(script)"');
      expect(JSON.parse(text)).toEqual(golden);
      expect(MaskedPaths).toEqual(expect.arrayContaining(hidden));
      expect(ReadonlyPaths).toEqual(expect.arrayContaining(readOnly));
      expect(Runtime).toBe('runc');
      expect(AppArmorProfile).not.toBe('unconfined');
    });

    it('holds nothing of an order, before and after it came', async () => {
      const canary = `canary-${randomId()}`;
      const cell = await cellsOn(engine, { script: obedient }).start(randomId());
      const lines = linesOf(cell);
      await lineOf(lines);
      cell.send({ echo: { token: canary } });
      expect(await lineOf(lines)).toContain(canary);
      expect(JSON.stringify(await inspect(engine, cell))).not.toContain(canary);
      const logs = await engineCall(engine.socket, 'GET', `/containers/airlock-cell-${cell.id}/logs?stdout=1&stderr=1`);
      expect(JSON.stringify(logs.body)).not.toContain(canary);
      expect(logs.body.message).toContain('configured logging driver does not support reading');
    });
  });

  describe('from inside', () => {
    let seen: Seen;
    beforeAll(async () => {
      const near = await neighbour(engine, engine.network);
      const elsewhere = await makeNetwork(engine.socket);
      const far = await neighbour(engine, elsewhere);
      const cell = await cellsOn(engine, { script: curious }).start(randomId());
      const port = 8080;
      seen = await look(cell, [
        { host: near.host, port },
        { host: far.host, port },
        { host: '192.0.2.1', port },
      ]);
      await cell.remove();
      await Promise.all([near.end(), far.end()]);
      await engineCall(engine.socket, 'DELETE', `/networks/${elsewhere}`);
    }, 60_000);

    it('runs as nobody, without any capability, and can gain none', () => {
      expect(new Set(seen.ids)).toEqual(new Set([65534]));
      expect(new Set(seen.capabilities)).toEqual(new Set(['0000000000000000']));
      expect([seen.noNewPrivileges, seen.seccomp]).toEqual(['1', '2']);
    });

    it('sees no process but its own', () => {
      expect(seen.processes).toEqual(['1']);
      expect(new Set(seen.groups)).toEqual(new Set(['/']));
    });

    it('can write nowhere that matters', () => {
      expect(seen.writes).toEqual({
        '/x': 'EROFS',
        '/tmp/x': 'EROFS',
        '/dev/x': 'EACCES',
        '/etc/hosts': 'EROFS',
        '/etc/resolv.conf': 'EROFS',
        '/usr/bin/node': 'EROFS',
        '/proc/sys/kernel/hostname': 'EROFS',
        // One page of memory, which is the smallest.
        '/dev/shm/small': 'written',
        '/dev/shm/large': 'ENOSPC',
      });
      const devices = ['full', 'null', 'random', 'tty', 'urandom', 'zero', 'ptmx', 'pts/ptmx'];
      const known = new Set([...devices, 'mqueue', 'shm', 'shm/small', 'shm/large'].map((name) => `/dev/${name}`));
      expect(seen.writable.filter((path) => !known.has(path) && !/^\/dev\/(?:fd|std\w+)/.test(path))).toEqual([]);
    });

    it('has no mount that could be written or executed from, and no file of the machine but three that cannot', () => {
      const writable = seen.mounts.filter(([, , options]) => !options.split(',').includes('ro'));
      const kernel = new Set(['proc', 'devpts', 'mqueue', 'cgroup', 'cgroup2', 'sysfs']);
      const other = writable.filter(([, type, options]) => !kernel.has(type) && !options.split(',').includes('noexec'));
      // Belongs to root: what is hidden below /proc shows through it.
      expect(other.filter(([path]) => path !== '/dev' && !path.startsWith('/proc/'))).toEqual([]);
      const files = seen.mounts.filter(([path]) => path.startsWith('/etc/'));
      expect(files.map(([path]) => path).sort()).toEqual(['/etc/hostname', '/etc/hosts', '/etc/resolv.conf']);
      expect(files.every(([, , options]) => options.split(',').includes('ro'))).toBe(true);
    });

    it('reaches its one network and nothing else', () => {
      expect(seen.interfaces).toEqual(['eth0', 'lo']);
      expect(seen.reached[0]).toBe('reached');
      expect(seen.reached.slice(1).every((result) => result !== 'reached')).toBe(true);
    });

    it('has constants for an environment, and leaves no core file', () => {
      expect(seen.env).toEqual({
        PATH: '/usr/bin:/bin',
        HOSTNAME: 'airlock-cell',
        HOME: '/nonexistent',
        LANG: 'C.UTF-8',
        TZ: 'UTC',
      });
      expect([seen.directory, seen.hostname]).toEqual(['/', 'airlock-cell']);
      expect(seen.core).toEqual(['0', '0']);
    });
  });

  it('has the same environment, user and command when its image brings others along', async () => {
    const image = await changedImage(engine.socket, engine.image, [
      'ENV NODE_OPTIONS=--require=/nonexistent/evil.js NODE_EXTRA_CA_CERTS=/x NODE_TLS_REJECT_UNAUTHORIZED=0',
      'ENV LD_PRELOAD=/nonexistent/evil.so LD_LIBRARY_PATH=/x GLIBC_TUNABLES=x OPENSSL_CONF=/x SSL_CERT_FILE=/x',
      'ENV http_proxy=http://x HTTPS_PROXY=http://x no_proxy=* ALL_PROXY=x HOSTALIASES=/x RES_OPTIONS=x',
      'ENV HOME=/tmp TZ=Mars LANG=xx_XX HOSTNAME=evil DRONE_TOKEN=x DRONE_SERVER=x AIRLOCK_GATE=x',
      'ENTRYPOINT ["/bin/sh", "-c"]',
      'CMD ["exit 1"]',
      'USER 0:0',
      'WORKDIR /tmp',
      'EXPOSE 80',
      'HEALTHCHECK --interval=1s CMD /bin/sh -c exit',
      'LABEL airlock.cell=evil airlock.installation=evil',
      'ONBUILD RUN x',
    ]);
    const cells = cellsOn(engine, { script: curious, image });
    const cell = await cells.start(randomId());
    const { Config, State } = await inspect(engine, cell);
    expect([Config.User, Config.WorkingDir, Config.StopSignal]).toEqual(['65534:65534', '/', 'SIGKILL']);
    expect([Config.Healthcheck.Test, State.Health]).toEqual([['NONE'], undefined]);
    expect(Config.Labels['airlock.cell']).toBe(cell.id);
    const seen = await look(cell);
    expect(seen.env).toEqual({
      PATH: '/usr/bin:/bin',
      HOSTNAME: 'airlock-cell',
      HOME: '/nonexistent',
      LANG: 'C.UTF-8',
      TZ: 'UTC',
    });
    expect(new Set(seen.ids)).toEqual(new Set([65534]));
    expect(await cells.list()).toEqual([{ id: cell.id, running: true }]);
  });

  it('would be seen with what it must not have: a container of the same image without the seal', async () => {
    const body = { Image: engine.image, Entrypoint: ['node'], Cmd: ['-e', curious], OpenStdin: true };
    const path = '/containers/create';
    const made = await engineCall(engine.socket, 'POST', path, { ...body, Env: ['NODE_OPTIONS=--no-warnings'] });
    const id = String(made.body.Id);
    const { body: shown } = await engineCall(engine.socket, 'GET', `/containers/${id}/json`);
    expect(set(shown.HostConfig)).not.toMatchObject(golden['HostConfig'] as object);
    // An unsealed container that carries a cell's name and labels, read through the same eyes.
    const cells = cellsOn(engine, { script: obedient, installation: 'unsealed' });
    const cellId = randomId();
    const labels = { 'airlock.cell': cellId, 'airlock.installation': 'unsealed' };
    await engineCall(engine.socket, 'DELETE', `/containers/${id}?force=1`);
    await engineCall(engine.socket, 'POST', `${path}?name=airlock-cell-${cellId}`, {
      ...body,
      Env: ['NODE_OPTIONS=--no-warnings'],
      Labels: labels,
    });
    await engineCall(engine.socket, 'POST', `/containers/airlock-cell-${cellId}/start`);
    const seen = await look(await cells.adopt(cellId));
    expect(seen.env['NODE_OPTIONS']).toBe('--no-warnings');
    expect(seen.ids).toContain(0);
    expect(seen.capabilities.some((set) => set !== '0000000000000000')).toBe(true);
    expect(seen.writes['/x']).toBe('written');
    expect(seen.writable).toContain('/tmp');
  });
});
