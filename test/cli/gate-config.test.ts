// A configuration on the command line: read by gate and check, never mixed with what it replaces.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkCommand } from '../../src/cli/check.ts';
import { gateCommand } from '../../src/cli/gate.ts';
import { schemaCommand } from '../../src/cli/schema.ts';
import { call } from '../gate/support/http.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
const config = (more = ''): string => `version: 1
policy: ${at('policy.yaml')}
ledger: ${at('ledger')}
audit: ${at('audit')}
engine: { docker: { socket: ${at('engine.sock')}, network: cells } }
sockets: [{ name: a, path: ${at('a.sock')} }]
${more}`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'airlock-config-'));
  writeFileSync(
    at('policy.yaml'),
    `version: 1
image: { run: 'sha256:${'a'.repeat(64)}', accept: [airlock] }
identity: { audience: 'https://airlock.test.example' }
drones: { internal: { server: https://drone.internal, token: { file: /nonexistent } } }
repositories: []
`,
  );
  writeFileSync(at('airlock.yaml'), config());
  writeFileSync(at('broken.yaml'), config('fleet: {}\n'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(command: Command, args: readonly string[]): Promise<[number, string]> {
  const said: string[] = [];
  const write = (text: string): void => void said.push(text);
  try {
    await command
      .exitOverride()
      .configureOutput({ writeErr: write, writeOut: write })
      .parseAsync(['node', 'airlock', ...args]);
    return [0, said.join('').replaceAll(folder, '~').trim()];
  } catch (error) {
    return [(error as { exitCode: number }).exitCode, said.join('').replaceAll(folder, '~').trim()];
  }
}

describe('airlock gate --config', () => {
  test('serves what the configuration says, until a signal', async () => {
    const running = run(gateCommand(), ['--config', at('airlock.yaml'), '--log-level', 'silent']);
    while (!existsSync(at('a.sock'))) await new Promise((done) => setTimeout(done, 5));
    while ((await call(at('a.sock'), 'POST', '/v1/sessions', { v: 1, image: 'airlock' })).status !== 200)
      await new Promise((done) => setTimeout(done, 5));
    process.emit('SIGTERM');
    expect(await running).toEqual([0, '']);
    expect(existsSync(at('a.sock'))).toBe(false);
  });

  test('is refused beside what it replaces', async () => {
    expect(await run(gateCommand(), ['--config', at('airlock.yaml'), '--policy', at('policy.yaml')])).toEqual([
      1,
      'error: --policy cannot stand beside --config; write it into ~/airlock.yaml',
    ]);
  });

  test('says everything that is wrong with the file', async () => {
    const [code, said] = await run(gateCommand(), ['--config', at('broken.yaml')]);
    expect(code).toBe(1);
    expect(said).toContain('~/broken.yaml:7:8: fleet.labels: is missing; add it');
    expect(said).toContain('~/broken.yaml:7:8: fleet: makes runners, and nobody to register them with; add github:');
  });

  test('may be named by the environment', async () => {
    process.env['AIRLOCK_CONFIG'] = at('none.yaml');
    try {
      expect(await run(gateCommand(), [])).toEqual([
        1,
        expect.stringMatching(/^~\/none\.yaml: cannot be read: ENOENT/),
      ]);
    } finally {
      delete process.env['AIRLOCK_CONFIG'];
    }
  });
});

describe('airlock check', () => {
  test('knows a configuration by its keys, and checks the policy that it names', async () => {
    const [code, said] = await run(checkCommand(), [at('airlock.yaml')]);
    expect(code).toBe(0);
    expect(said).toContain('~/airlock.yaml: ok\n\nCells run on ~/engine.sock in the network cells.');
    expect(said).toContain('The static runner a has the socket ~/a.sock.');
    expect(said).toContain('~/policy.yaml: ok\n\nNobody may do anything');
  });

  test('repeats what is accepted, and why', async () => {
    const accepted = "selfTest: { accept: [{ what: 'machine:22', reason: 'SSH takes keys only' }] }\n";
    writeFileSync(at('accepting.yaml'), config(accepted));
    const [code, said] = await run(checkCommand(), [at('accepting.yaml')]);
    expect(code).toBe(0);
    expect(said).toContain('\nCells may reach machine:22, although they should not: SSH takes keys only\n');
  });

  test('tells what is wrong with it', async () => {
    expect(await run(checkCommand(), [at('broken.yaml')])).toEqual([
      1,
      expect.stringContaining('fleet: makes runners'),
    ]);
  });
});

test('airlock schema config prints the JSON Schema of the configuration', async () => {
  const [code, said] = await run(schemaCommand(), ['config']);
  expect(code).toBe(0);
  expect(JSON.parse(said)).toMatchObject({ title: 'airlock configuration' });
  expect(await run(schemaCommand(), ['other'])).toMatchObject([
    1,
    expect.stringContaining('Allowed choices are policy, config'),
  ]);
});
