import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cellDeadline } from '../../src/gate/index.ts';
import { loadPolicy } from '../../src/policy/index.ts';
import { root, text } from '../support/tree.ts';
import { must } from '../cluster/run.mjs';
import { Helm, type Values, leastValues, merged, newPlace } from './helm.ts';
import { describeCluster } from './support.ts';

// The values of the chart: each is in the schema, told in the documentation, and nothing else is taken.

interface Schema {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  required?: string[];
  definitions?: Record<string, Schema>;
}
const schema = JSON.parse(text('deploy/helm/airlock/values.schema.json')) as Schema;
const defaults = parse(text('deploy/helm/airlock/values.yaml')) as Values;

const isMap = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);
const resolved = (one: Schema): Schema =>
  one.$ref === undefined ? one : (schema.definitions?.[one.$ref.slice('#/definitions/'.length)] ?? {});

function* leaves(value: unknown, path: string): Generator<string> {
  if (!isMap(value) || Object.keys(value).length === 0) yield path;
  else for (const [key, inner] of Object.entries(value)) yield* leaves(inner, path === '' ? key : `${path}.${key}`);
}

/** Every object of the schema, by its path. */
function* objects(one: Schema, path: string): Generator<readonly [string, Schema]> {
  const at = resolved(one);
  if (at.type === 'object') yield [path, at];
  for (const [key, inner] of Object.entries(at.properties ?? {})) yield* objects(inner, `${path}.${key}`);
  if (at.items !== undefined) yield* objects(at.items, `${path}[]`);
}

const place = newPlace();
const least = leastValues(place);
const digest = `@sha256:${'0'.repeat(64)}`;

/** In the schema: what is refused, where, beside something like it that is allowed. */
const twins: readonly (readonly [string, Values, Values])[] = [
  ['/image/ref', { image: { ref: `registry.internal:5000/a/b${digest}` } }, { image: { ref: 'a/b:latest' } }],
  ['/cells/image', { cells: { image: `node${digest}` } }, { cells: { image: 'node:24' } }],
  ['/cells/image', { cells: { image: `node${digest}` } }, { cells: { image: `node${digest} --privileged` } }],
  ['/gate/replicas', { gate: { replicas: 1 } }, { gate: { replicas: 0 } }],
  ['/gate/port', { gate: { port: 9443 } }, { gate: { port: 443 } }],
  ['/gate/address', { gate: { address: 'ignore' } }, { gate: { address: 'off' } }],
  ['/gate/audience', { gate: { audience: 'airlock-2' } }, { gate: { audience: 'two words' } }],
  ['/gate/secrets/0', { gate: { secrets: ['drone-token'] } }, { gate: { secrets: ['../drone'] } }],
  ['/gate/logLevel', { gate: { logLevel: 'debug' } }, { gate: { logLevel: 'loud' } }],
  ['/cells/resources/limits/memory', limits('300Mi'), limits('lots')],
  ['/cells/userNamespaces', { cells: { userNamespaces: true } }, { cells: { userNamespaces: 'yes' } }],
  ['/cells/tolerations/0', { cells: { tolerations: [{ key: 'a' }] } }, { cells: { tolerations: [{ keys: 'a' }] } }],
  ['/cells/namespace', { cells: { namespace: 'other-cells' } }, { cells: { namespace: 'Other_cells' } }],
  ['/networkPolicies/drone/0', drone({ cidr: '192.0.2.1/32', ports: [443] }), drone({ cidr: '192.0.2.1/32' })],
  ['/networkPolicies/drone/0/cidr', drone({ cidr: '2001:db8::/64', ports: [1] }), drone({ cidr: 'drone', ports: [1] })],
  ['/tls/mode', { tls: { mode: 'generated' } }, { tls: { mode: 'none' } }],
  ['/selfTest/accept/0/reason', accepted('the bastion is there'), accepted('why')],
  ['', { global: { any: 1 } }, { privileged: true }],
  ['/cells', { cells: { admission: true } }, { cells: { privileged: true } }],
];

function limits(memory: string): Values {
  return { cells: { resources: { limits: { memory } } } };
}
function drone(entry: Values): Values {
  return { networkPolicies: { drone: [entry] } };
}
function accepted(reason: string): Values {
  return { selfTest: { accept: [{ what: 'node:22', reason }] } };
}

/** In the templates: what fits together. */
const together: readonly (readonly [string, Values, Values])[] = [
  ['policy: set exactly one of', { policy: { text: '', existingSecret: 'p' } }, { policy: { existingSecret: 'p' } }],
  ['policy: set exactly one of', { policy: { text: '', existingConfigMap: 'p' } }, { policy: { text: '' } }],
  ['need a namespace each', {}, { runners: { namespace: place.cells } }],
  ['tls.existingSecret: name the Secret', tls({ existingSecret: 's' }), tls({})],
  ['tls.ca: say which authority', tls({ existingSecret: 's' }), tls({ existingSecret: 's', ca: '' })],
  [
    'tls.issuerRef: name the issuer',
    tls({ mode: 'certManager', issuerRef: { name: 'i' } }),
    tls({ mode: 'certManager' }),
  ],
  [
    'networkPolicies.drone: say where',
    { networkPolicies: { enabled: false, drone: [] } },
    { networkPolicies: { drone: [] } },
  ],
  [
    'networkPolicies.apiServer: say where',
    { networkPolicies: { enabled: false, apiServer: [] } },
    { networkPolicies: { apiServer: [] } },
  ],
];

function tls(more: Values): Values {
  const ca = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  return { tls: { mode: 'existingSecret', ca, ...more } };
}

describe('the values of the chart', () => {
  it('are all in the schema, and the schema has no other', () => {
    const top = (one: Schema): string[] => Object.keys(one.properties ?? {}).filter((key) => key !== 'global');
    expect(top(schema).toSorted()).toEqual(Object.keys(defaults).toSorted());
    for (const key of top(schema)) {
      const inner = resolved(schema.properties?.[key] ?? {});
      const value = defaults[key];
      const found = isMap(value) ? Object.keys(value).toSorted() : undefined;
      expect([key, inner.properties === undefined ? undefined : top(inner).toSorted()]).toEqual([key, found]);
    }
  });

  it('are strict: no object of the schema takes a key that it does not know', () => {
    const free = [...objects(schema, '')].filter(([, one]) => one.additionalProperties === undefined);
    expect(free.map(([path]) => path)).toEqual(['.global']);
    const open = [...objects(schema, '')].filter(([, { additionalProperties }]) => isMap(additionalProperties));
    expect(open.map(([path]) => path)).toEqual(['.gate.nodeSelector', '.gate.podAnnotations', '.cells.nodeSelector']);
  });

  it('are all told in the documentation', () => {
    const told = text('docs/kubernetes.md');
    const untold = [...leaves(defaults, '')].filter((path) => {
      const parts = path.split('.');
      return !parts.some(
        (_, end) => (end > 0 || parts.length === 1) && told.includes(`\`${parts.slice(0, end + 1).join('.')}\``),
      );
    });
    expect(untold).toEqual([]);
  });

  it('let a cell live as long as the limits of a policy add up to when it names none', () => {
    const { deadlineSeconds } = defaults['cells'] as { deadlineSeconds: number };
    expect(deadlineSeconds).toBeGreaterThanOrEqual(
      cellDeadline(loadPolicy(text('examples/policy.yaml'), 'policy.yaml')),
    );
  });
});

describeCluster('helm', (get) => {
  let helm: Helm;
  beforeAll(() => {
    helm = new Helm(get().cluster);
  });
  afterAll(() => helm.end());

  const template = async (more: Values) => {
    const { code, stderr } = await helm.run([
      'template',
      place.release,
      await helm.chart(),
      '--namespace',
      place.gate,
      '--values',
      helm.values(merged(least, more)),
    ]);
    return { code, stderr };
  };

  it.each(twins)('takes a value at %s that is allowed, and refuses another', async (at, allowed, refused) => {
    expect(await template(allowed)).toEqual({ code: 0, stderr: '' });
    const { code, stderr } = await template(refused);
    expect(code).toBe(1);
    expect(stderr).toContain("values don't meet the specifications of the schema");
    expect(stderr).toContain(`at '${at}`);
  });

  it.each(together)('says "%s" when values do not fit together', async (words, allowed, refused) => {
    expect(await template(allowed)).toEqual({ code: 0, stderr: '' });
    const { code, stderr } = await template(refused);
    expect(code).toBe(1);
    expect(stderr).toContain(words);
  });

  it('is told by the chart of the clone that it has no managed script', async () => {
    const chart = `${root}/deploy/helm/airlock`;
    const { code, stderr } = await helm.run(['template', 'x', chart, '--values', helm.values(least)]);
    expect(code).toBe(1);
    expect(stderr).toContain('this chart has no managed script: use the released chart, or make it with npm run chart');
    expect(await must(['ls', chart])).not.toContain('files');
  });
});
