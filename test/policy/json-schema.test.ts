// What `airlock schema` gives to editors, held against the loader.

import { describe, expect, test } from 'vitest';
import { policyJsonSchema } from '../../src/policy/index.ts';
import { accepts } from './draft07.ts';
import { type Data, digest, drone, entry, file, problems, repository } from './sample.ts';

const schema = policyJsonSchema() as Data;
const repo = (changes: Data) => file({ repositories: [repository(changes)] });
const allow = (changes: Data) => repo({ allow: [entry(changes)] });
const { identity: _, ...noIdentity } = file();

const both: readonly (readonly [string, unknown])[] = [
  ['the smallest policy', file({ repositories: [] })],
  ['a policy without repositories', file({ repositories: undefined })],
  ['a repository', file()],
  [
    'every limit',
    file({ limits: { tasksPerJob: 2, wait: '90s', run: '2h', logBytes: '1GiB', perRepository: { atOnce: 1 } } }),
  ],
  ['an image by digest', file({ image: { run: `node@sha256:${digest}`, accept: ['a', 'b'] } })],
  [
    'identity in full',
    file({
      identity: {
        audience: 'a',
        issuer: 'https://ghes.example/_services/token',
        keys: { file: '/k' },
        bind: 'arc',
        mode: 'github',
      },
    }),
  ],
  [
    'a Drone in full',
    file({
      drones: {
        internal: drone({
          address: '10.0.0.1',
          ca: { file: '/ca' },
          proxy: 'http://p:1',
          logins: ['bot'],
          publicUrl: 'hidden',
        }),
      },
    }),
  ],
  ['a token from the workflow', file({ drones: { internal: drone({ token: 'workflow' }) } })],
  ['an id as text', repo({ id: '7' })],
  ['a trusted pipeline', repo({ pipeline: { repository: 'octo/deploy', branch: 'main' } })],
  ['log and redact', repo({ log: 'tail', redact: { file: '/r' } })],
  ['a disabled repository', repo({ disabled: 'accepted' })],
  ['every event', allow({ events: ['push', 'workflow_dispatch', 'release', 'schedule', 'merge_group'] })],
  ['globs', allow({ refs: ['refs/heads/*', 'refs/tags/v*'] })],
  [
    'workflows',
    allow({ workflows: ['.github/workflows/a.yml'], calledWorkflows: ['o/c/.github/workflows/a.yml@refs/heads/main'] }),
  ],
  ['params', allow({ params: { A: { values: ['x', ''] }, B: { pattern: 'v\\d+', required: true } } })],
  [
    'promote',
    allow({
      task: 'drone promote',
      targets: ['p'],
      builds: { refs: ['refs/heads/main'], events: ['push'], status: 'success', commit: 'same' },
    }),
  ],
  ['expect', allow({ expect: { steps: ['default/deploy'] }, whenLost: 'cancel', unprotected: true })],
];

const neither: readonly (readonly [string, unknown])[] = [
  ['nothing', {}],
  ['a list', []],
  ['text', 'version: 1'],
  ['another version', file({ version: 2 })],
  ['a version as text', file({ version: '1' })],
  ['an unknown key', file({ limit: {} })],
  ['no identity', noIdentity],
  ['no audience', file({ identity: {} })],
  ['an image by tag', file({ image: { run: 'node:24', accept: ['a'] } })],
  ['no accepted image', file({ image: { run: `sha256:${digest}`, accept: [] } })],
  ['an accepted image twice', file({ image: { run: `sha256:${digest}`, accept: ['a', 'a'] } })],
  ['an image with docker://', file({ image: { run: `sha256:${digest}`, accept: ['docker://a'] } })],
  ['a server with a path', file({ drones: { internal: drone({ server: 'https://d.example/x' }) } })],
  ['a token in the file', file({ drones: { internal: drone({ token: 'abc' }) } })],
  ['a token file without a path', file({ drones: { internal: drone({ token: { file: 'token' } }) } })],
  ['no token', file({ drones: { internal: { server: 'https://d.example' } } })],
  ['limits as list', file({ limits: [] })],
  ['a duration without unit', file({ limits: { run: '2' } })],
  ['a duration as number', file({ limits: { run: 2 } })],
  ['a duration of days', file({ limits: { run: '2d' } })],
  ['a size in MB', file({ limits: { logBytes: '64MB' } })],
  ['no task at all', file({ limits: { tasksPerJob: 0 } })],
  ['half a task', file({ limits: { tasksPerJob: 1.5 } })],
  ['too many tasks', file({ limits: { tasksPerJob: 17 } })],
  ['a repository without owner', repo({ repository: 'widgets' })],
  ['id 0', repo({ id: 0 })],
  ['an id with a leading zero', repo({ id: '07' })],
  ['no pipeline', repo({ pipeline: undefined })],
  ['another pipeline', repo({ pipeline: 'other' })],
  ['a pipeline without branch', repo({ pipeline: { repository: 'octo/deploy' } })],
  ['another log', repo({ log: 'all' })],
  ['disabled: true', repo({ disabled: true })],
  ['no allow', repo({ allow: undefined })],
  ['another task', allow({ task: 'drone restart' })],
  ['no events', allow({ events: [] })],
  ['pull_request', allow({ events: ['pull_request'] })],
  ['a short ref', allow({ refs: ['main'] })],
  ['**', allow({ refs: ['refs/heads/**'] })],
  ['a ref with ..', allow({ refs: ['refs/heads/a..b'] })],
  ['a workflow by name', allow({ workflows: ['deploy.yml'] })],
  ['a called workflow by branch name', allow({ calledWorkflows: ['o/c/.github/workflows/a.yml@main'] })],
  ['an environment with blanks', allow({ environment: 'a b' })],
  ['a param in lower case', allow({ params: { a: { values: ['x'] } } })],
  ['a param without rule', allow({ params: { A: {} } })],
  ['a param with two rules', allow({ params: { A: { values: ['x'], pattern: 'x' } } })],
  ['a param with a number', allow({ params: { A: { values: [1] } } })],
  ['an empty pattern', allow({ params: { A: { pattern: '' } } })],
  ['params as list', allow({ params: [] })],
  ['no step', allow({ expect: { steps: ['deploy'] } })],
  ['unprotected as text', allow({ unprotected: 'yes' })],
  ['sharedSecrets: true', allow({ sharedSecrets: true })],
  ['another whenLost', allow({ whenLost: 'retry' })],
];

/** Only the loader can judge these: they look at several keys, at RE2, at bytes, or at a table of names. */
const loaderOnly: readonly (readonly [string, unknown])[] = [
  ['a Drone that is not there', repo({ drone: 'other' })],
  ['plain http', file({ drones: { internal: drone({ server: 'http://d.example' }) } })],
  ['targets for drone build', allow({ targets: ['p'] })],
  ['promote without targets', allow({ task: 'drone promote' })],
  ['a broken pattern', allow({ params: { A: { pattern: '(' } } })],
  ['a dangerous parameter', allow({ params: { PATH: { values: ['x'] } } })],
  ['a hazardous literal', allow({ params: { A: { values: ['$(id)'] } } })],
  ['a run of a month', file({ limits: { run: '720h' } })],
  ['no IP address', file({ drones: { internal: drone({ address: '10.0.0' }) } })],
];

// A key without a value is no key in JSON.
const plain = (data: unknown): unknown => JSON.parse(JSON.stringify(data));

test('it is draft-07 and says what it is for', () => {
  expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#');
  expect(schema['title']).toBe('airlock policy');
  expect(JSON.stringify(schema)).not.toContain('undefined');
});

describe('loader and schema accept', () => {
  test.each(both)('%s', (_, data) => {
    expect({ loader: problems(data), schema: accepts(schema, plain(data)) }).toEqual({ loader: [], schema: true });
  });
});

describe('loader and schema refuse', () => {
  test.each(neither)('%s', (_, data) => {
    expect(problems(data)).not.toEqual([]);
    expect(accepts(schema, plain(data))).toBe(false);
  });
});

describe('only the loader refuses', () => {
  test.each(loaderOnly)('%s', (_, data) => {
    expect(problems(data)).not.toEqual([]);
    expect(accepts(schema, plain(data))).toBe(true);
  });
});

test('every key is described for editors', () => {
  const undescribed: string[] = [];
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, one] of Object.entries((node as Data)['properties'] ?? {})) {
      if (typeof (one as Data)['description'] !== 'string') undescribed.push(`${path}.${key}`);
      walk(one, `${path}.${key}`);
    }
    for (const key of ['items', 'additionalProperties']) walk((node as Data)[key], path);
    for (const one of ((node as Data)['anyOf'] ?? []) as unknown[]) walk(one, path);
  };
  walk(schema, '');
  expect(undescribed).toEqual([]);
});
