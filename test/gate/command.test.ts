// `airlock gate` itself: what it needs, what it says when that is wrong, and how it stops.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateCommand } from '../../src/cli/gate.ts';
import { call } from './support/http.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'airlock-command-'));
  writeFileSync(
    join(folder, 'policy.yaml'),
    `version: 1
image: { run: 'sha256:${'a'.repeat(64)}', accept: [airlock] }
identity: { audience: 'https://airlock.test.example' }
drones: { internal: { server: https://drone.internal, token: { file: /nonexistent } } }
repositories: []
limits: { tasksPerJob: 1 }
`,
  );
  writeFileSync(join(folder, 'bad.yaml'), 'version: 2\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
function command() {
  const said: string[] = [];
  const write = (text: string): void => void said.push(text);
  const made = gateCommand().exitOverride().configureOutput({ writeErr: write, writeOut: write });
  return { made, said };
}
async function refused(args: readonly string[]): Promise<[number, string]> {
  const { made, said } = command();
  try {
    await made.parseAsync(['node', 'airlock', '--log-level', 'silent', ...args]);
    return [0, said.join('')];
  } catch (error) {
    return [(error as { exitCode: number }).exitCode, said.join('').replaceAll(folder, '~').trim()];
  }
}
const whole = (): string[] =>
  [
    ['--policy', at('policy.yaml'), '--audit', at('audit'), '--ledger', at('ledger')],
    ['--engine', at('engine.sock'), '--network', 'cells', '--socket', `a=${at('a.sock')}`],
  ].flat();
const without = (option: string): string[] => {
  const args = whole();
  args.splice(args.indexOf(option), 2);
  return args;
};

describe('airlock gate', () => {
  test('serves its sockets until a signal, then stops in good order', async () => {
    const { made } = command();
    const running = made.parseAsync([
      'node',
      'airlock',
      '--log-level',
      'silent',
      ...whole(),
      '--listen',
      '127.0.0.1:0',
    ]);
    while (!existsSync(at('a.sock'))) await new Promise((done) => setTimeout(done, 5));
    const open = () => call(at('a.sock'), 'POST', '/v1/sessions', { v: 1, image: 'airlock' });
    const handlers = (): number[] =>
      (['uncaughtException', 'unhandledRejection'] as const).map((event) => process.listenerCount(event));
    const during = handlers();
    // It serves a moment later, when it is the ledger's holder.
    while ((await open()).status === 503) await new Promise((done) => setTimeout(done, 5));
    expect(await open()).toMatchObject({ status: 200, body: { identity: 'github' } });
    // A caller that does nothing must not hold up the stop.
    request({ socketPath: at('a.sock'), method: 'POST', path: '/v1/sessions' })
      .on('error', () => undefined)
      .flushHeaders();
    process.emit('SIGTERM');
    await running;
    // While it ran, a defect would have ended the process.
    expect(handlers().map((count) => count + 1)).toEqual(during);
    expect(existsSync(at('a.sock'))).toBe(false);
    const events = readFileSync(at('audit'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events).toEqual(['start', 'session', 'session', 'stop']);
  });

  test.for<[string, () => string[], string | RegExp]>([
    ['no socket', () => without('--socket'), "error: required option '--socket <NAME=PATH>' not specified"],
    ['no ledger', () => without('--ledger'), "error: required option '--ledger <folder>' not specified"],
    ['no engine', () => without('--engine'), "error: required option '--engine <socket>' not specified"],
    ['no network', () => without('--network'), "error: required option '--network <name>' not specified"],
    ['no audit log', () => without('--audit'), "error: required option '--audit <file>' not specified"],
    ['a policy that is wrong', () => [...whole(), '--policy', at('bad.yaml')], /^~\/bad\.yaml:1:10: version: /m],
    ['no policy file', () => [...whole(), '--policy', at('none.yaml')], /^~\/none\.yaml: cannot be read: ENOENT/],
    ['a socket without a name', () => [...whole(), '--socket', '/x'], /write NAME=\/absolute\/path\.$/],
    ['a socket that is relative', () => [...whole(), '--socket', 'b=x.sock'], /write NAME=\/absolute\/path\.$/],
    [
      'two sockets of one name',
      () => [...whole(), '--socket', `a=${at('b.sock')}`],
      /each runner needs a name and a path of its own\.$/,
    ],
    [
      'two runners on one path',
      () => [...whole(), '--socket', `b=${at('a.sock')}`],
      /each runner needs a name and a path of its own\.$/,
    ],
    [
      'a socket without its folder',
      () => [...without('--socket'), '--socket', `a=${at('none/a.sock')}`],
      "airlock gate: the socket's folder must be made by the operator: ~/none is no folder",
    ],
    ['an audit log that cannot be opened', () => [...whole(), '--audit', at('none/audit')], /^airlock gate: ENOENT/],
    [
      'an audit log that is full',
      () => [...whole(), '--audit', '/dev/full'],
      'airlock gate: the audit log cannot be written, so nothing is started',
    ],
    [
      'an address that others reach',
      () => [...whole(), '--listen', '0.0.0.0:80'],
      "airlock gate: the operator's address must be 127.0.0.1:PORT or [::1]:PORT, not 0.0.0.0:80",
    ],
    ['a ledger folder that is relative', () => [...whole(), '--ledger', 'x'], /write an absolute path\.$/],
    ['an engine that is relative', () => [...whole(), '--engine', 'x'], /write an absolute path\.$/],
    [
      'a ledger whose folder cannot be made',
      () => [...whole(), '--ledger', at('none/ledger')],
      /^airlock gate: the ledger's folder ~\/none\/ledger cannot be used: it is gone$/,
    ],
    [
      'a network that is no isolation',
      () => [...whole(), '--network', 'host'],
      'airlock gate: the network "host" isolates nothing: make one for the cells (docker network create)',
    ],
  ])('with %s says one line and exits with 1', async ([, args, message]) => {
    const [code, said] = await refused(args());
    expect(code).toBe(1);
    if (typeof message === 'string') expect(said).toBe(message);
    else expect(said).toMatch(message);
    expect(existsSync(at('a.sock'))).toBe(false);
  });
});
