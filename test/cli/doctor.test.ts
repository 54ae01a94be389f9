// What `airlock doctor` says of what it found: one line each, and nothing that a terminal obeys.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { doctorCommand } from '../../src/cli/doctor.ts';
import { bad, good, tableOf, weak } from '../../src/cli/doctor/finding.ts';
import { policyFindings } from '../../src/cli/doctor/policy.ts';
import { rightsFindings } from '../../src/cli/doctor/rights.ts';
import { droneUnwanted, droneWanted, wallsOf } from '../../src/cli/doctor/walls.ts';
import { type ClusterConfig, loadConfig } from '../../src/config/index.ts';
import type { KubernetesClient, Tried } from '../../src/gate/index.ts';
import { loadPolicy } from '../../src/policy/index.ts';

const tried: readonly Tried[] = [
  { what: 'machine', host: '172.18.0.1', port: 22, found: 'connected' },
  { what: 'machine', host: '172.18.0.1', port: 2375, found: 'refused' },
  { what: 'metadata', host: '169.254.169.254', port: 80, found: 'silent' },
  { what: 'internet', host: '1.1.1.1', port: 443, by: 'proxy', found: 'connected' },
  { what: 'names', host: 'github.com', port: 53, by: 'dns', found: 'connected' },
];
const verdicts = (accept: Parameters<typeof wallsOf>[2]) =>
  wallsOf('a cell', tried, accept).map(({ verdict, found, fix }) => `${verdict}: ${found}: ${fix}`);

describe('walls', () => {
  test('are told one by one where they are open, and together where they hold', () => {
    expect(verdicts([])).toEqual([
      expect.stringMatching(/^NOT OK: 172\.18\.0\.1:22 reached: drop .*accept machine:22 in selfTest\.accept/),
      'ok: not reached: ',
      expect.stringMatching(/^NOT OK: 1\.1\.1\.1:443 through Drone's proxy reached: /),
      expect.stringMatching(/^NOT OK: the address of github\.com reached: /),
    ]);
  });

  test('that the operator leaves open are weak, with the reason', () => {
    const reason = 'SSH takes keys only';
    expect(verdicts([{ what: 'machine', reason }])[0]).toBe(`weak: 172.18.0.1:22 reached: accepted: ${reason}`);
    expect(verdicts([{ what: 'machine:2375', reason }])[0]).toMatch(/^NOT OK/);
  });
});

describe('Drone', () => {
  const says = (code: string) => ({ tried: [], drone: { code, message: 'said so' } });
  test('has to answer a cell', () => {
    expect(droneWanted('internal', says('ok'), true)).toMatchObject({ verdict: 'ok' });
    expect(droneWanted('internal', says('drone-token-rejected'), true)).toMatchObject({
      verdict: 'NOT OK',
      found: 'said so',
      fix: 'docs/codes.md, drone-token-rejected',
    });
  });

  test("must not be heard of in the runners' network, whatever it says there", () => {
    expect(droneUnwanted('a runner', 'internal', says('drone-unreachable'))).toMatchObject({ verdict: 'ok' });
    for (const code of ['ok', 'drone-token-rejected', 'drone-tls-not-trusted', 'not-a-drone'])
      expect(droneUnwanted('a runner', 'internal', says(code))).toMatchObject({ verdict: 'NOT OK' });
  });
});

test('the table has a line for each finding, and foreign text is plain in it', () => {
  const lines = tableOf([
    good('one', 'there'),
    bad('two', 'there', 'gone\u001b[31m\r\nforged  ok', 'make it'),
    weak('three', 'a', 'b', 'c'),
  ]).split('\n');
  expect(lines.map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
    'what | wanted | found | what to do',
    'one | there | there | ok',
    'two | there | gone [31m forged | ok | NOT OK | make it',
    'three | a | b | weak | c',
  ]);
});

const base = `version: 1
policy: /p
audit: stdout
ledger: /l
engine: { docker: { socket: /s, network: cells } }
sockets: [{ name: first, path: /first.sock }]
`;
const policy = (identity: string, token: string) =>
  loadPolicy(
    `version: 1
image: { run: 'sha256:${'a'.repeat(64)}', accept: [airlock] }
identity: { audience: 'https://airlock.test.example'${identity} }
drones: { internal: { server: https://drone.internal, token: ${token} } }
repositories: []
`,
    'policy.yaml',
  );

test('what the policy makes weaker is said, and is no reason to fail', () => {
  const config = loadConfig(base, 'airlock.yaml');
  const weaker = policyFindings(policy(', mode: asserted', 'workflow'), config);
  expect(weaker.map(({ what, verdict }) => `${what}: ${verdict}`)).toEqual([
    'identity.mode: weak',
    'identity.bind: weak',
    'the token of Drone "internal": weak',
    'the runner first: weak',
  ]);
  const strong = policyFindings(policy(', bind: github', '{ file: /t }'), { ...config, sockets: [] });
  expect(strong.map(({ verdict }) => verdict)).toEqual(['ok', 'ok']);
});

describe('rights in a cluster', () => {
  const config = loadConfig(
    `version: 1
policy: /p
audit: stdout
engine: { kubernetes: { name: airlock, namespace: cells, template: cell } }
runners: { listen: '0.0.0.0:8443', certificate: { file: /c }, key: { file: /k }, serviceAccounts: [runners/runner] }
`,
    'airlock.yaml',
  ) as ClusterConfig;
  const rule = (verbs: readonly string[], resources: readonly string[], apiGroups: readonly string[] = ['']) => ({
    verbs,
    resources,
    apiGroups,
  });
  const own = rule(['create'], ['selfsubjectrulesreviews'], ['authorization.k8s.io']);
  const client = (rules: (namespace: string) => readonly object[], incomplete = false): KubernetesClient => ({
    access: { server: 'https://10.0.0.1', token: '', ca: '' },
    call: ({ body }) => {
      const { namespace } = (body as { spec: { namespace: string } }).spec;
      return Promise.resolve({ status: 201, body: { status: { incomplete, resourceRules: rules(namespace) } } });
    },
  });

  test('are as many as the gate needs in each namespace', async () => {
    const rules = (namespace: string) =>
      namespace === 'cells'
        ? [
            own,
            rule(['get', 'create', 'delete'], ['pods']),
            rule(['create'], ['tokenreviews'], ['authentication.k8s.io']),
          ]
        : [own, rule(['get'], ['pods'])];
    const found = await rightsFindings(client(rules), config);
    expect(found.map(({ what, verdict }) => `${what}: ${verdict}`)).toEqual([
      'rights of the gate in cells: ok',
      'rights of the gate in runners: ok',
    ]);
    expect((await rightsFindings(client(rules, true), config))[0]?.verdict).toBe('weak');
  });

  test.each([
    ['a wildcard', rule(['*'], ['*'], ['*']), '* */*'],
    ['secrets', rule(['get'], ['secrets']), 'get secrets'],
    ['exec', rule(['create'], ['pods/exec']), 'create pods/exec'],
    ['a verb more', rule(['get', 'patch'], ['pods']), 'patch pods'],
    ['pods of a runner', rule(['create'], ['pods']), 'create pods'],
  ])('are too many with %s', async (_name, more, told) => {
    const found = await rightsFindings(
      client((namespace) => (namespace === 'runners' ? [own, more] : [own])),
      config,
    );
    expect(found[1]).toMatchObject({ verdict: 'NOT OK', found: `also ${told}` });
  });

  test('that cannot be asked for are not ok', async () => {
    const broken = { ...client(() => []), call: () => Promise.reject(new Error('no route')) };
    expect((await rightsFindings(broken, config))[0]).toMatchObject({ verdict: 'NOT OK', found: 'no route' });
  });
});

describe('the command', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'airlock-doctor-'));
    writeFileSync(join(folder, 'bad.yaml'), 'version: 2\n');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function doctor(args: readonly string[]): Promise<[number, string]> {
    const said: string[] = [];
    const write = (text: string): void => void said.push(text);
    try {
      const made = doctorCommand().exitOverride().configureOutput({ writeErr: write, writeOut: write });
      await made.parseAsync(['node', 'airlock', ...args]);
      return [0, said.join('')];
    } catch (error) {
      return [(error as { exitCode: number }).exitCode, said.join('')];
    }
  }

  test('needs a configuration, and says what is wrong with it', async () => {
    expect(await doctor([])).toEqual([1, "error: required option '--config <file>' not specified\n"]);
    const [code, said] = await doctor(['--config', join(folder, 'bad.yaml')]);
    expect(code).toBe(1);
    expect(said).toContain('bad.yaml:1:10: version: is a version that this airlock does not read; write 1');
  });
});
