// What an allowed job is granted.

import { describe, expect, test } from 'vitest';
import { type Ask, type Claims, type Plan, type Policy, decide } from '../../src/policy/index.ts';
import { type Data, allowing, ask, claims, entry, file, load, repository, sha } from './sample.ts';

const policy = (changes: Data, ...entries: Data[]): Policy =>
  load(file({ repositories: [repository({ allow: entries.length === 0 ? [entry()] : entries, ...changes })] }));

function plan(of: Policy, changes: Partial<Claims> = {}, asked: Partial<Ask> = {}): Plan {
  const decision = decide(of, claims(changes), ask(asked));
  if (!decision.allowed) throw decision.refusal;
  return decision.plan;
}

test("pipeline: same builds the job's own ref and commit in the repository of the policy", () => {
  expect(plan(allowing(entry()))).toEqual({
    entry: 'repositories[0].allow[0]',
    kind: 'build',
    drone: 'internal',
    repository: 'octo/widgets',
    ref: 'refs/heads/main',
    commit: sha,
    build: undefined,
    target: undefined,
    builds: undefined,
    params: {},
    expect: undefined,
    log: 'full',
    redact: undefined,
    disabled: undefined,
    whenLost: 'finish',
  });
});

describe('a trusted pipeline', () => {
  const trusted = policy(
    { pipeline: { repository: 'octo/deploy', branch: 'main' } },
    entry({ params: { ENVIRONMENT: { values: ['eu'] } } }),
  );

  test("builds its own branch's head, whatever the job's ref and commit are", () => {
    expect(plan(trusted)).toMatchObject({ repository: 'octo/deploy', ref: 'refs/heads/main', commit: undefined });
  });

  test('may be pinned to a commit', () => {
    const commit = 'f'.repeat(40);
    const pinned = policy({ pipeline: { repository: 'octo/deploy', branch: 'release/1', commit } });
    expect(plan(pinned)).toMatchObject({ repository: 'octo/deploy', ref: 'refs/heads/release/1', commit });
  });

  test('is told the source by reserved parameters', () => {
    expect(plan(trusted, { actor: 'dependabot[bot]' }, { params: { ENVIRONMENT: 'eu' } }).params).toEqual({
      ENVIRONMENT: 'eu',
      AIRLOCK_REPOSITORY: 'octo/widgets',
      AIRLOCK_REPOSITORY_ID: '123',
      AIRLOCK_REF: 'refs/heads/main',
      AIRLOCK_COMMIT: sha,
      AIRLOCK_EVENT: 'push',
      AIRLOCK_RUN_ID: '1001',
      AIRLOCK_ACTOR: 'dependabot',
    });
  });

  test('gets the name of a bot without [bot], of a person as it is', () => {
    expect(plan(trusted).params['AIRLOCK_ACTOR']).toBe('octocat');
  });

  test('does not let a job speak in its place', () => {
    const decision = decide(trusted, claims(), ask({ params: { AIRLOCK_COMMIT: 'f'.repeat(40) } }));
    expect(decision).toMatchObject({ allowed: false, refusal: { code: 'param-not-allowed' } });
  });
});

describe('the log', () => {
  test.each([
    ['public', 'status'],
    ['private', 'full'],
    ['internal', 'full'],
  ] as const)('of a %s repository is %s by default', (visibility, log) => {
    expect(plan(allowing(entry()), { visibility }).log).toBe(log);
  });

  test('is what the policy says, also where everyone can read it', () => {
    expect(plan(policy({ log: 'tail' }), { visibility: 'public' }).log).toBe('tail');
    expect(plan(policy({ log: 'status' }), { visibility: 'private' }).log).toBe('status');
  });
});

test('a disabled repository is built only where the policy says so', () => {
  expect(plan(policy({ disabled: 'accepted' })).disabled).toBe('accepted');
  expect(plan(policy({})).disabled).toBeUndefined();
});

test('expect, redact and whenLost are carried on', () => {
  const redact = { file: '/run/secrets/redact' };
  const steps = ['default/deploy'];
  expect(plan(policy({ redact }, entry({ expect: { steps }, whenLost: 'cancel' })))).toMatchObject({
    redact,
    expect: { steps },
    whenLost: 'cancel',
  });
});

describe('promote and rollback', () => {
  test('carry target, build and what may be promoted', () => {
    const promote = entry({ task: 'drone promote', targets: ['production'] });
    expect(plan(allowing(promote), {}, { task: 'drone promote', target: 'production', build: 7 })).toMatchObject({
      kind: 'promote',
      target: 'production',
      build: 7,
      ref: undefined,
      commit: undefined,
      builds: {
        refs: ['refs/heads/main'],
        events: ['push', 'custom'],
        status: 'success',
        commit: 'same',
        source: sha,
        pipeline: undefined,
        params: {},
      },
    });
    const rollback = entry({ task: 'drone rollback', targets: ['production'], builds: { commit: 'any' } });
    expect(plan(allowing(rollback), {}, { task: 'drone rollback', target: 'production' })).toMatchObject({
      kind: 'rollback',
      build: undefined,
      builds: { commit: 'any' },
    });
  });

  test('carry what may come along from the old build, as data that a ledger keeps', () => {
    const params = { ENVIRONMENT: { values: ['eu'], required: true }, VERSION: { pattern: 'v\\d+' } };
    const promote = entry({ task: 'drone promote', targets: ['production'], params });
    const { builds } = plan(
      allowing(promote),
      {},
      { task: 'drone promote', target: 'production', params: { ENVIRONMENT: 'eu' } },
    );
    expect(JSON.parse(JSON.stringify(builds?.params))).toEqual({
      ENVIRONMENT: { values: ['eu'] },
      VERSION: { pattern: 'v\\d+' },
    });
  });

  test("with a trusted pipeline say who asks, and leave the source to the old build's parameters", () => {
    const promote = entry({ task: 'drone promote', targets: ['production'] });
    const trusted = policy({ pipeline: { repository: 'octo/deploy', branch: 'main' } }, promote);
    const granted = plan(trusted, {}, { task: 'drone promote', target: 'production' });
    expect(granted).toMatchObject({
      repository: 'octo/deploy',
      builds: { pipeline: { ref: 'refs/heads/main' }, source: sha },
    });
    expect(Object.keys(granted.params).sort()).toEqual([
      'AIRLOCK_ACTOR',
      'AIRLOCK_EVENT',
      'AIRLOCK_REPOSITORY',
      'AIRLOCK_REPOSITORY_ID',
      'AIRLOCK_RUN_ID',
    ]);
  });
});

test('of several entries that fit, the first is taken', () => {
  expect(plan(allowing(entry(), entry({ whenLost: 'cancel' })))).toMatchObject({
    entry: 'repositories[0].allow[0]',
    whenLost: 'finish',
  });
});

test('a job that fits two entries in part fits none', () => {
  const halves = allowing(
    entry({ refs: ['refs/heads/x'], sharedSecrets: 'accepted' }),
    entry({ environment: 'production' }),
  );
  expect(decide(halves, claims({ ref: 'refs/heads/x', environment: 'production' }), ask()).allowed).toBe(true);
  expect(decide(halves, claims(), ask()).allowed).toBe(false);
});

describe('all parameters together', () => {
  const rule = { pattern: '.*' };
  const many = Object.fromEntries('ABCDEFGH'.split('').map((name) => [name, rule]));
  const size = (params: Record<string, string>) => Buffer.byteLength(JSON.stringify(params));
  const room = (params: Record<string, string>): Record<string, string> => ({
    ...params,
    H: 'x'.repeat(1500 - 64 - size({ ...params, H: '' })),
  });
  const full = room(Object.fromEntries('ABCDE'.split('').map((name) => [name, 'x'.repeat(240)])));

  test('fit into 1500 bytes with the nonce of the gate', () => {
    expect(size(full)).toBe(1436);
    expect(plan(allowing(entry({ params: many })), {}, { params: full }).params).toEqual(full);
  });

  test('of one byte more are refused', () => {
    const decision = decide(
      allowing(entry({ params: many })),
      claims(),
      ask({ params: { ...full, H: `${full['H'] ?? ''}x` } }),
    );
    expect(decision).toMatchObject({
      allowed: false,
      refusal: {
        code: 'params-too-large',
        message: "the parameters are 1501 bytes together with airlock's own; Drone is given at most 1500",
        rule: 'parameters of at most 1500 bytes',
        fix: 'set fewer or shorter PARAM_ variables',
      },
    });
  });

  test("are counted with airlock's own", () => {
    const trusted = policy({ pipeline: { repository: 'octo/deploy', branch: 'main' } }, entry({ params: many }));
    expect(decide(trusted, claims(), ask({ params: full }))).toMatchObject({ refusal: { code: 'params-too-large' } });
  });

  test.each(['<', '>', '&', '\u00fc'])('are counted as Drone stores them: %s', (character) => {
    // A pattern that names what a shell would read, so that the size alone decides.
    const named = Object.fromEntries('ABC'.split('').map((name) => [name, { pattern: '[<>&\u00fc]*' }]));
    const sized = (length: number) => {
      const params = Object.fromEntries('ABC'.split('').map((name) => [name, character.repeat(length)]));
      return decide(allowing(entry({ params: named })), claims(), ask({ params }));
    };
    const bytes = character === '\u00fc' ? 2 : 6;
    const most = Math.min(128, Math.floor((1500 - 64 - 22) / 3 / bytes));
    expect(sized(most).allowed).toBe(true);
    if (bytes === 6) expect(sized(most + 1)).toMatchObject({ refusal: { code: 'params-too-large' } });
  });
});
