// The runner's socket and the operator's listener: what stands in the way, who may connect, what is told.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Listener, listenForOperator, listenOnSocket } from '../../src/gate/index.ts';
import { type Bench, startBench } from './support/bench.ts';
import { call } from './support/http.ts';

let bench: Bench;
let folder: string;
beforeAll(async () => {
  bench = await startBench({ limits: {} });
  folder = mkdtempSync(join(tmpdir(), 'airlock-socket-'));
});
afterAll(async () => {
  await bench.stop();
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): string => join(folder, name);
const listen = (path: string, name = 'runner-a'): Promise<Listener> =>
  listenOnSocket(bench.gate, { name, path, ephemeral: true });
const refused = async (path: string, name?: string): Promise<string> => {
  try {
    await (await listen(path, name)).close();
    return 'listens';
  } catch (error) {
    expect(error).toMatchObject({ name: 'Failure', code: 'gate-failed' });
    return (error as Error).message.replaceAll(folder, '~');
  }
};
const ask = async (path: string): Promise<number> =>
  (await call(path, 'POST', '/v1/sessions', { v: 1, image: 'airlock' })).status;

describe("a runner's socket", () => {
  test('is made, serves whoever reaches its folder, and is gone when it closes', async () => {
    const listener = await listen(at('a.sock'));
    expect([lstatSync(at('a.sock')).isSocket(), await ask(at('a.sock'))]).toEqual([true, 200]);
    await listener.close();
    expect(existsSync(at('a.sock'))).toBe(false);
  });

  test('is open to any user from its first moment on, whatever the umask, which stays as it was', async () => {
    const before = process.umask(0o077);
    try {
      const listener = await listen(at('open.sock'));
      expect(lstatSync(at('open.sock')).mode & 0o666).toBe(0o666);
      expect(process.umask(0o077)).toBe(0o077);
      await listener.close();
    } finally {
      process.umask(before);
    }
  });

  test('that a dead gate has left is replaced', async () => {
    const path = at('stale.sock');
    const die = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', die]);
    expect(lstatSync(path).isSocket()).toBe(true);
    const listener = await listen(path);
    expect(await ask(path)).toBe(200);
    await listener.close();
  });

  test('that another process serves is left alone', async () => {
    const other = createSocketServer().listen(at('served.sock'));
    await new Promise((done) => other.once('listening', done));
    expect(await refused(at('served.sock'))).toBe('another process serves ~/served.sock');
    expect(existsSync(at('served.sock'))).toBe(true);
    other.close();
  });

  test('never replaces a file, a folder or a link', async () => {
    writeFileSync(at('file'), 'precious');
    mkdirSync(at('folder'));
    symlinkSync(at('file'), at('link'));
    symlinkSync(at('nowhere'), at('dangling'));
    for (const name of ['file', 'folder', 'link', 'dangling'])
      expect(await refused(at(name))).toBe(`~/${name} is in the way and is not a socket`);
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
  });

  test('needs a folder that is there and is no link', async () => {
    symlinkSync(folder, at('elsewhere'));
    expect(await refused(at('missing/a.sock'))).toBe(
      "the socket's folder must be made by the operator: ~/missing is no folder",
    );
    expect(await refused(at('elsewhere/a.sock'))).toBe(
      "the socket's folder must be made by the operator: ~/elsewhere is no folder",
    );
  });

  test.for([
    ['its group', 0o770],
    ['all users', 0o777],
    ['all users, as /tmp is', 0o1777],
  ] as const)('is not made in a folder that can be written by %s', async ([, mode]) => {
    const path = at(`shared-${mode}`);
    mkdirSync(path);
    chmodSync(path, mode);
    const shown = (mode & 0o777).toString(8);
    expect(await refused(`${path}/a.sock`)).toBe(
      `the socket's folder ${path.replace(folder, '~')} can be written by others (mode ${shown}); run: chmod go-w ${path.replace(folder, '~')}`,
    );
    expect(existsSync(`${path}/a.sock`)).toBe(false);
    chmodSync(path, 0o755);
    expect(await refused(`${path}/a.sock`)).toBe('listens');
  });

  test("is not made in another user's folder", async () => {
    const owner = vi.spyOn(process, 'geteuid').mockReturnValue(4242);
    const { uid } = lstatSync(folder);
    expect(await refused(at('a.sock'))).toBe(
      `the socket's folder ~ belongs to user ${uid}; it must belong to user 4242`,
    );
    owner.mockRestore();
    expect(await refused(at('a.sock'))).toBe('listens');
  });

  test('that cannot be made, or that vanishes, leaves the other runners alone', async () => {
    const [first, second] = [await listen(at('first.sock')), await listen(at('second.sock'), 'runner-b')];
    expect(await refused(at('missing/third.sock'), 'runner-c')).toMatch(/is no folder$/);
    unlinkSync(at('second.sock'));
    mkdirSync(at('second.sock'));
    expect(await ask(at('first.sock'))).toBe(200);
    await second.close();
    expect(await ask(at('first.sock'))).toBe(200);
    await first.close();
    expect(bench.gate.notReady()).toEqual([]);
  });

  test('has a path that the system takes whole', async () => {
    const long = at('x'.repeat(107 - folder.length - 1));
    expect(await refused(long)).toBe('listens');
    expect(await refused(`${long}x`)).toMatch(/^the socket path is longer than 107 bytes: /);
  });

  test('has a name that may stand in a ledger and an audit line', async () => {
    for (const name of ['', ' a', '../a', 'a\nb', 'a b', 'é'])
      expect(await refused(at('n.sock'), name)).toBe(`${JSON.stringify(name)} is no name for a runner`);
    expect(await refused(at('n.sock'), 'runner-1.example')).toBe('listens');
  });
});

describe("the operator's listener", () => {
  const get = async (port: number, path: string, init?: RequestInit): Promise<[number, unknown]> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    return [response.status, await response.json()];
  };

  test('tells whether the gate lives and whether it can serve', async () => {
    const own = await startBench();
    const listener = await listenForOperator(own.gate, '127.0.0.1:0');
    expect(await get(listener.port, '/healthz')).toEqual([200, { alive: true }]);
    expect(await get(listener.port, '/readyz')).toEqual([200, { ready: true, reasons: [] }]);
    await own.gate.stop();
    expect(await get(listener.port, '/healthz')).toEqual([200, { alive: true }]);
    expect(await get(listener.port, '/readyz')).toEqual([503, { ready: false, reasons: ['the gate is stopping'] }]);
    await listener.close();
    await own.stop();
  });

  test('answers nothing else, and none of a runner’s calls', async () => {
    const listener = await listenForOperator(bench.gate, '127.0.0.1:0');
    for (const path of ['/', '/v1/sessions', '/healthz/', '//healthz', '/readyz/x', '/metrics'])
      expect(await get(listener.port, path)).toMatchObject([404, { refused: { code: 'call-unknown' } }]);
    expect(await get(listener.port, '/healthz', { method: 'POST' })).toMatchObject([
      405,
      { refused: { code: 'call-unknown' } },
    ]);
    expect(await get(listener.port, '/readyz?x=1')).toMatchObject([405, { refused: { code: 'call-unknown' } }]);
    await listener.close();
  });

  test.for([
    '0.0.0.0:0',
    '10.0.0.1:80',
    'localhost:80',
    '127.0.0.1',
    ':80',
    '127.0.0.1:99999',
    '127.0.0.1:80x',
    '[::]:80',
    '127.0.0.2:80',
  ])('does not listen on %s', async (address) => {
    await expect(listenForOperator(bench.gate, address)).rejects.toMatchObject({
      code: 'gate-failed',
      message: `the operator's address must be 127.0.0.1:PORT or [::1]:PORT, not ${address}`,
    });
  });

  test('says when its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => other.once('listening', done));
    const { port } = other.address() as { port: number };
    await expect(listenForOperator(bench.gate, `127.0.0.1:${port}`)).rejects.toMatchObject({
      message: `cannot listen on 127.0.0.1:${port}: EADDRINUSE`,
    });
    other.close();
  });
});
