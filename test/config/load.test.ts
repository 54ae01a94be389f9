// The gate's configuration: what it says, and what it says of what is wrong with it.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { configJsonSchema, loadConfig } from '../../src/config/index.ts';
import { PolicyError } from '../../src/policy/index.ts';
import { accepts } from '../policy/draft07.ts';

const id = `sha256:${'a'.repeat(64)}`;
const base = `version: 1
policy: /etc/airlock/policy.yaml
ledger: /var/lib/airlock/ledger
audit: /var/log/airlock/audit.jsonl
engine: { docker: { socket: /run/docker.sock, network: cells } }
`;
const github = 'github: { organization: octo, app: 1, key: { file: /k } }\n';
const fleet = (more = ''): string => `fleet: { labels: [airlock], image: '${id}', network: runners${more} }\n`;
const whole = base + github + fleet();
const cluster = `version: 1
policy: /etc/airlock/policy.yaml
audit: stdout
listen: 0.0.0.0:9180
engine: { kubernetes: { name: airlock, namespace: airlock-cells, template: airlock-cell } }
runners:
  listen: 0.0.0.0:8443
  certificate: { file: /tls/tls.crt }
  key: { file: /tls/tls.key }
  serviceAccounts: [airlock-runners/airlock-runner]
`;

function problems(text: string): string[] {
  try {
    loadConfig(text, 'airlock.yaml');
    return [];
  } catch (error) {
    if (error instanceof PolicyError) return error.message.split('\n');
    throw error;
  }
}

describe('a configuration', () => {
  test('needs few words: all else has a default', () => {
    expect(loadConfig(whole, 'airlock.yaml')).toEqual({
      policy: '/etc/airlock/policy.yaml',
      ledger: '/var/lib/airlock/ledger',
      audit: '/var/log/airlock/audit.jsonl',
      listen: undefined,
      logLevel: 'info',
      docker: { socket: '/run/docker.sock', network: 'cells', limits: { memory: 268_435_456, pids: 64, cpus: 1 } },
      sockets: [],
      github: {
        url: 'https://github.com',
        scope: { organization: 'octo' },
        credentials: { app: '1', key: '/k' },
        proxy: undefined,
        ca: undefined,
      },
      fleet: {
        group: 'Default',
        labels: ['airlock'],
        idle: 1,
        max: 10,
        image: id,
        network: 'runners',
        deadline: 21_600_000,
        limits: { memory: 1_073_741_824, pids: 512, cpus: 2, work: 268_435_456 },
        folder: '/run/airlock/runners',
      },
    });
  });

  test('may name a token and a repository, and static sockets alone', () => {
    const token = 'github: { repository: octo/app, token: { file: /t } }\n';
    expect(loadConfig(base + token + fleet(), 'x')).toMatchObject({
      github: { scope: { repository: 'octo/app' }, credentials: { token: '/t' } },
    });
    const sockets = 'sockets: [{ name: a, path: /run/a/gate.sock }]\n';
    expect(loadConfig(base + sockets, 'x')).toMatchObject({ sockets: [{ name: 'a', path: '/run/a/gate.sock' }] });
  });

  test.for<[string, string, string]>([
    ['an unknown key', `${whole}polcy: /x\n`, '8: polcy: is not a key that is known here; did you mean policy?'],
    [
      'no runner at all',
      base,
      '1: configuration: serves no runner; add fleet: for ephemeral ones, or sockets: for static ones',
    ],
    [
      'a fleet without GitHub',
      base + fleet(),
      '6: fleet: makes runners, and nobody to register them with; add github:',
    ],
    [
      'both scopes',
      base + github.replace('organization', 'repository: octo/app, organization') + fleet(),
      '6: github: needs exactly one of organization and repository; write the one whose runners they are',
    ],
    [
      'no scope',
      base + github.replace('organization: octo, ', '') + fleet(),
      '6: github: needs exactly one of organization and repository; write the one whose runners they are',
    ],
    [
      'no credential',
      `${base}github: { organization: octo }\n${fleet()}`,
      '6: github: needs exactly one of app (with key) and token; an App is the better one',
    ],
    [
      'an App without its key',
      `${base}github: { organization: octo, app: 1 }\n${fleet()}`,
      '6: github: has an app without its key; add key: { file: /path }',
    ],
    [
      'plain http',
      base + github.replace('organization', 'url: http://ghes.octo, organization') + fleet(),
      "6: github.url: is plain http: the App's token would cross the network readable; write https",
    ],
    [
      'more idle than at most',
      base + github + fleet(', idle: 5, max: 4'),
      '7: fleet.idle: is more than max (4); write less, or raise max',
    ],
    [
      "the cells' network for runners",
      base + github + fleet().replace('runners', 'cells'),
      '7: fleet.network: is the network of the cells: a runner would reach what they reach; make one for the runners',
    ],
    [
      'a network that is none of its own',
      base + github + fleet().replace('runners', 'host'),
      '7: fleet.network: is no network of its own; make one (docker network create) and write its name',
    ],
    [
      'more work than memory',
      base + github + fleet(', limits: { work: 2GiB }'),
      '7: fleet.limits.work: is in memory and leaves none; write less than memory',
    ],
    [
      'an image by its tag',
      base + github + fleet().replace(id, 'runner:latest'),
      '7: fleet.image: is not pinned; write name@sha256:<64 hex digits> without a tag, or the image id sha256:<64 hex digits>',
    ],
    [
      'a static runner that could be taken for one of the fleet',
      `${base}sockets: [{ name: airlock-x, path: /a }]\n`,
      '6: sockets[0].name: is no name for a runner; letters, digits and . _ : / - are allowed, and airlock- is for the fleet',
    ],
    [
      'two static runners of one path',
      `${base}sockets: [{ name: a, path: /a }, { name: b, path: /a }]\n`,
      '6: sockets[1].path: stands here twice; each runner needs a name and a path of its own',
    ],
    [
      'a listener for the network',
      `${whole}listen: 0.0.0.0:80\n`,
      '8: listen: is no address of this machine alone; write 127.0.0.1:PORT',
    ],
    [
      'a relative path',
      whole.replace('/etc/airlock/policy.yaml', 'policy.yaml'),
      '2: policy: is no absolute path; write the whole path, beginning with /',
    ],
    ['no document', '', '1: configuration: is empty and must be a map of keys; write key: value'],
  ])('says what is wrong: %s', ([, text, problem]) => {
    const lines = problems(text).map((line) => line.replace(/^(airlock\.yaml:\d+):\d+: /, '$1: '));
    expect(lines).toEqual([`airlock.yaml:${problem}`]);
  });

  test('never fails in another way, whatever it is', () => {
    const any = fc.oneof(
      fc.string(),
      fc.json(),
      fc.string().map((text) => whole + text),
      fc.string().map((text) => whole.replace('octo', text)),
    );
    fc.assert(
      fc.property(any, (text) => problems(text).every((line) => line.startsWith('airlock.yaml:'))),
      { numRuns: 300 },
    );
  });
});

test('a problem stands at its line and column', () => {
  expect(problems(whole.replace('cells', 'host'))).toEqual([
    'airlock.yaml:5:56: engine.docker.network: is no network of its own; make one (docker network create) and write its name',
  ]);
});

describe('the JSON Schema of a configuration', () => {
  test('takes what the loader takes', () => {
    const config = {
      version: 1,
      policy: '/p',
      ledger: '/l',
      audit: '/a',
      engine: { docker: { socket: '/s', network: 'cells' } },
      github: { organization: 'octo', app: 1, key: { file: '/k' } },
      fleet: { labels: ['airlock'], image: id, network: 'runners' },
    };
    expect(problems(JSON.stringify(config))).toEqual([]);
    expect(accepts(configJsonSchema() as Record<string, unknown>, config)).toBe(true);
    expect(
      accepts(configJsonSchema() as Record<string, unknown>, {
        ...config,
        fleet: { ...config.fleet, network: 'host' },
      }),
    ).toBe(false);
  });
});

test('the example is a configuration', () => {
  const file = new URL('../../examples/airlock.yaml', import.meta.url);
  expect(problems(readFileSync(file, 'utf8'))).toEqual([]);
});

describe('the self-test', () => {
  const accept = (one: string): string => `${whole}selfTest: { accept: [${one}] }\n`;

  test('accepts a hole by its name, with a reason, on either engine', () => {
    const risk = { what: 'machine:22', reason: 'SSH takes keys only' };
    expect(loadConfig(accept(JSON.stringify(risk)), 'airlock.yaml').selfTest).toEqual({ accept: [risk] });
    const text = `${cluster}selfTest: { accept: [{ what: node, reason: 'the plugin cannot close it' }] }\n`;
    expect(loadConfig(text, 'airlock.yaml').selfTest?.accept[0]?.what).toBe('node');
    expect(loadConfig(whole, 'airlock.yaml').selfTest).toBeUndefined();
  });

  test('accepts nothing without a reason, nothing that is not tried, and not everything at once', () => {
    for (const [one, wrong] of [
      ['{ what: machine }', 'selfTest.accept[0].reason: is missing'],
      ["{ what: machine, reason: '' }", 'selfTest.accept[0].reason: is no reason; write one sentence'],
      ["{ what: '*', reason: 'a long enough reason' }", 'selfTest.accept[0].what: is nothing that is tried'],
      ["{ what: everything, reason: 'a long enough reason' }", 'selfTest.accept[0].what: is nothing that is tried'],
      ["{ what: 'machine:0', reason: 'a long enough reason' }", 'selfTest.accept[0].what: is nothing that is tried'],
    ] as const)
      expect(problems(accept(one)).join()).toContain(wrong);
    expect(problems(`${whole}selfTest: null\n`)).toHaveLength(1);
    expect(problems(`${whole}selfTest: off\n`)).toHaveLength(1);
  });
});

describe('a configuration for a cluster', () => {
  test('says where cells are and who runners are; the ledger is in the cluster', () => {
    expect(loadConfig(cluster, 'airlock.yaml')).toEqual({
      policy: '/etc/airlock/policy.yaml',
      audit: 'stdout',
      listen: '0.0.0.0:9180',
      logLevel: 'info',
      kubernetes: { name: 'airlock', namespace: 'airlock-cells', template: 'airlock-cell', admission: true },
      runners: {
        listen: '0.0.0.0:8443',
        certificate: { file: '/tls/tls.crt' },
        key: { file: '/tls/tls.key' },
        audience: 'airlock',
        serviceAccounts: ['airlock-runners/airlock-runner'],
        address: 'check',
      },
    });
  });

  const both = 'engine: { docker: { socket: /s, network: cells }, kubernetes: { name: a, namespace: b, template: c } }';
  test.each([
    [
      'both engines',
      base.replace(/engine: .*/, both) + github + fleet(),
      'engine: needs exactly one of docker and kubernetes',
    ],
    [
      'no engine',
      base.replace(/engine: .*/, 'engine: {}') + github + fleet(),
      'engine: needs exactly one of docker and kubernetes',
    ],
    ['a ledger folder in a cluster', `${cluster}ledger: /l\n`, 'ledger: is for one machine with Docker'],
    ['a fleet in a cluster', cluster + fleet(), 'fleet: is for one machine with Docker'],
    ['no runners in a cluster', cluster.replace(/runners:[^]*/, ''), 'lacks runners'],
    [
      'runners of a cluster on one machine',
      whole + cluster.slice(cluster.indexOf('runners:')),
      'runners: is for a cluster',
    ],
    ['no ledger on one machine', whole.replace(/ledger: .*\n/, ''), 'lacks ledger'],
    ['an open address on one machine', `${whole}listen: 0.0.0.0:80\n`, 'listen: is no address of this machine alone'],
    ['a service account without its namespace', cluster.replace('airlock-runners/', ''), 'is no service account'],
    ['an audit log nowhere', cluster.replace('stdout', 'stderr'), 'audit: is neither an absolute path nor stdout'],
  ])('with %s is refused', (_what, text, said) => {
    expect(problems(text).join('\n')).toContain(said);
  });
});
