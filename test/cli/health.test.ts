import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { healthCommand } from '../../src/cli/health.ts';

const folder = mkdtempSync(join(tmpdir(), 'airlock-health-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  for (const name of ['AIRLOCK_LISTEN', 'AIRLOCK_CONFIG']) vi.stubEnv(name, undefined);
});

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** @param status null: takes calls and never answers */
async function gate(status: number | null): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  server = createServer((call, answer) => {
    asked.push(`${call.method} ${call.url}`);
    if (status !== null) answer.writeHead(status).end('{}');
  });
  await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done));
  return { port: (server.address() as AddressInfo).port, asked };
}

async function health(args: readonly string[]): Promise<{ code: number; err: string }> {
  let err = '';
  const command = healthCommand()
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: (text) => void (err += text) });
  try {
    await command.parseAsync(args, { from: 'user' });
    return { code: 0, err };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { code: error.exitCode, err };
  }
}

test('a gate that answers is alive, and is asked once', async () => {
  const { port, asked } = await gate(200);
  expect(await health(['--listen', `127.0.0.1:${port}`])).toEqual({ code: 0, err: '' });
  expect(asked).toEqual(['GET /healthz']);
});

test('a gate that listens everywhere is asked on this machine', async () => {
  const { port } = await gate(200);
  expect(await health(['--listen', `0.0.0.0:${port}`])).toEqual({ code: 0, err: '' });
});

test('the address comes from AIRLOCK_LISTEN, or from the configuration', async () => {
  const { port } = await gate(200);
  const file = join(folder, 'airlock.yaml');
  const rest =
    'sockets: [{ name: one, path: /s/one.sock }]\npolicy: /p\nledger: /l\naudit: /a\nengine: { docker: { socket: /s, network: cells } }\n';
  writeFileSync(file, `version: 1\nlisten: 127.0.0.1:${port}\n${rest}`);
  expect(await health(['--config', file])).toEqual({ code: 0, err: '' });
  vi.stubEnv('AIRLOCK_LISTEN', `127.0.0.1:${port}`);
  expect(await health([])).toEqual({ code: 0, err: '' });
  vi.stubEnv('AIRLOCK_LISTEN', undefined);
  writeFileSync(file, `version: 1\n${rest}`);
  expect(await health(['--config', file])).toEqual({
    code: 1,
    err: `error: ${file} has no "listen", so nobody can ask this gate; add it\n`,
  });
});

test.each([
  ['answers with an error', 500, 'answers 500 on /healthz'],
  ['has another server in its place', 404, 'answers 404 on /healthz'],
  ['hangs', null, 'does not answer within 300 ms'],
])('a gate that %s is not alive', async (_, status, said) => {
  const { port } = await gate(status);
  const address = `127.0.0.1:${port}`;
  expect(await health(['--listen', address, '--timeout', '300'])).toEqual({
    code: 1,
    err: `airlock health: the gate on ${address} ${said}\n`,
  });
});

test('a gate that is not there is not alive', async () => {
  const { port } = await gate(200);
  server!.close();
  const { code, err } = await health(['--listen', `127.0.0.1:${port}`]);
  expect(code).toBe(1);
  expect(err).toBe(`airlock health: the gate on 127.0.0.1:${port} does not answer: ECONNREFUSED\n`);
});

test.each(['', '9080', 'localhost:9080', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:65536', '127.0.0.1:80/x', '::1:80'])(
  'nobody is asked at %j',
  async (address) => {
    expect(await health(['--listen', address])).toEqual({
      code: 1,
      err: `error: the address is ADDRESS:PORT, not ${JSON.stringify(address)}\n`,
    });
  },
);

test('without an address nobody is asked', async () => {
  expect(await health([])).toEqual({ code: 1, err: 'error: write --listen ADDRESS or --config FILE\n' });
});
