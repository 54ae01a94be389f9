import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { PolicyError, loadPolicy } from '../../src/policy/index.ts';
import { digest, drone, entry, file, load, problems, problemsIn, repository } from './sample.ts';

function failure(text: string): PolicyError {
  try {
    loadPolicy(text, 'gate/policy.yaml');
  } catch (error) {
    if (error instanceof PolicyError) return error;
    throw error;
  }
  throw new Error('the policy loaded');
}

describe('a policy that is right', () => {
  test('gets every default, durations in milliseconds and sizes in bytes', () => {
    const policy = load(file());
    expect(policy.identity).toMatchObject({
      mode: 'github',
      issuer: 'https://token.actions.githubusercontent.com',
      audience: 'https://airlock.example',
      bind: 'none',
    });
    expect(policy.limits).toEqual({
      tasksPerJob: 1,
      tasksPerRun: 4,
      perRepository: { atOnce: 4, perHour: 30 },
      tasksAtOnce: 20,
      wait: 600_000,
      queue: 1_800_000,
      run: 7_200_000,
      reconnect: 300_000,
      logBytes: 67_108_864,
    });
    expect(policy.repositories[0]?.log).toBeUndefined();
    expect(policy.repositories[0]?.allow[0]).toMatchObject({
      unprotected: false,
      whenLost: 'finish',
      builds: undefined,
    });
    expect(policy.repositories[0]?.allow[0]?.params.size).toBe(0);
  });

  test('keeps the defaults of limits beside those that are set', () => {
    const policy = load(file({ limits: { wait: '90s', logBytes: '512KiB', perRepository: { perHour: 60 } } }));
    expect(policy.limits).toMatchObject({ wait: 90_000, logBytes: 524_288, run: 7_200_000 });
    expect(policy.limits.perRepository).toEqual({ atOnce: 4, perHour: 60 });
  });

  test('is known by the SHA-256 of its text', () => {
    const text = JSON.stringify(file());
    expect(loadPolicy(text, 'p').hash).toBe(createHash('sha256').update(text).digest('hex'));
    expect(loadPolicy(`${text}\n`, 'p').hash).not.toBe(loadPolicy(text, 'p').hash);
  });

  test('takes an id as number or as text', () => {
    expect(load(file({ repositories: [repository({ id: 42 })] })).repositories[0]?.id).toBe('42');
    expect(load(file({ repositories: [repository({ id: '42' })] })).repositories[0]?.id).toBe('42');
  });

  test('loses the trailing slash of a server, a proxy and a public URL', () => {
    const server = drone({
      server: 'https://drone.internal/',
      proxy: 'http://proxy:3128/',
      publicUrl: 'https://ci.example/',
    });
    expect(load(file({ drones: { internal: server } })).drones.get('internal')).toMatchObject({
      server: 'https://drone.internal',
      proxy: 'http://proxy:3128',
      publicUrl: 'https://ci.example',
    });
  });

  test('knows where each entry stands', () => {
    const policy = load(file({ repositories: [repository({ allow: [entry(), entry({ refs: ['refs/heads/x'] })] })] }));
    expect(policy.repositories[0]?.allow.map(({ path }) => path)).toEqual([
      'repositories[0].allow[0]',
      'repositories[0].allow[1]',
    ]);
  });
});

describe('what may be promoted', () => {
  test("is by default a successful push or custom build of the entry's refs at the same commit", () => {
    const promote = entry({ task: 'drone promote', targets: ['production'] });
    expect(load(file({ repositories: [repository({ allow: [promote] })] })).repositories[0]?.allow[0]?.builds).toEqual({
      refs: ['refs/heads/main'],
      events: ['push', 'custom'],
      status: 'success',
      commit: 'same',
    });
  });

  test('is what builds says', () => {
    const builds = { refs: ['refs/tags/v*'], events: ['tag'], commit: 'any' };
    const rollback = entry({ task: 'drone rollback', targets: ['production'], builds });
    expect(load(file({ repositories: [repository({ allow: [rollback] })] })).repositories[0]?.allow[0]?.builds).toEqual(
      {
        ...builds,
        status: 'success',
      },
    );
  });
});

describe('a policy that allows nothing', () => {
  test.each([
    ['no repositories', file({ repositories: undefined })],
    ['an empty list of repositories', file({ repositories: [] })],
    ['a repository without entries', file({ repositories: [repository({ allow: [] })] })],
  ])('%s loads', (_, data) => {
    expect(load(data).repositories.flatMap(({ allow }) => allow)).toEqual([]);
  });

  test('an empty file is no policy', () => {
    expect(problemsIn('')).toEqual(['policy: is empty and must be a map of keys; write key: value']);
  });
});

describe('a policy that is wrong', () => {
  test('tells every problem at once, one line each, with file, line, column, path and what to change', () => {
    const error = failure(`version: 2
imge: {}
image: { run: node, accept: [airlock] }
identity:
  audiance: x
drones:
  internal:
    server: https://drone.internal
    token: { file: secrets/token }
repositories:
  - repository: octo/widgets
    id: 1
    drone: internl
    pipeline: same
    allow:
      - task: drone bulid
        events: [push]
        refs: [main]
`);
    expect(error.message.split('\n')).toEqual([
      'gate/policy.yaml:1:10: version: is a version that this airlock does not read; write 1',
      'gate/policy.yaml:2:1: imge: is not a key that is known here; did you mean image?',
      'gate/policy.yaml:3:15: image.run: is not pinned; write name@sha256:<64 hex digits> without a tag, or the image id sha256:<64 hex digits>',
      'gate/policy.yaml:5:3: identity.audience: is missing; choose one that only this installation uses, as in https://airlock.example.org; there is no default',
      'gate/policy.yaml:5:3: identity.audiance: is not a key that is known here; did you mean audience?',
      'gate/policy.yaml:9:20: drones.internal.token.file: is no absolute path; write the whole path, beginning with /',
      'gate/policy.yaml:13:12: repositories[0].drone: is no Drone of this policy; did you mean internal?',
      'gate/policy.yaml:16:15: repositories[0].allow[0].task: is none of the words known here; did you mean drone build?',
      'gate/policy.yaml:18:16: repositories[0].allow[0].refs[0]: is no full ref; write refs/heads/main for a branch, refs/tags/… for a tag',
    ]);
    expect(error.problems).toHaveLength(9);
    expect(error.problems[0]).toEqual({
      line: 1,
      column: 10,
      path: 'version',
      message: 'is a version that this airlock does not read; write 1',
    });
    expect(error.name).toBe('PolicyError');
  });

  test('tells all unknown keys of one map, with the known ones where no word is close', () => {
    const text = JSON.stringify(file({ colour: 1, limit: {} }));
    expect(problemsIn(text)).toEqual([
      'colour: is not a key that is known here; known here: version, image, identity, drones, repositories, limits',
      'limit: is not a key that is known here; did you mean limits?',
    ]);
  });

  test('is never told in more than one line a problem, whatever its keys and values hold', () => {
    const error = failure(JSON.stringify(file({ 'a\n::error::b': 1, 'c\u2028d': 1 })));
    expect(error.message.split(/[\n\u2028]/)).toHaveLength(2);
    expect(error.message).toContain('a\\u000a::error::b: is not a key');
  });

  test('with very many problems tells the first hundred and how many are left', () => {
    const refs = Array.from({ length: 150 }, (_, index) => `branch-${index}`);
    const error = failure(JSON.stringify(file({ repositories: [repository({ allow: [entry({ refs })] })] })));
    expect(error.problems).toHaveLength(150);
    expect(error.message.split('\n')).toHaveLength(101);
    expect(error.message.split('\n').at(-1)).toBe('gate/policy.yaml: 50 more problems; correct these first');
  });

  test('hides no rule between keys behind a broken entry', () => {
    const broken = repository({ drone: 'other', allow: [entry({ task: 'x' }), entry({ targets: ['production'] })] });
    expect(problems(file({ repositories: [broken] }))).toEqual([
      'repositories[0].drone: is no Drone of this policy; there are: internal',
      'repositories[0].allow[0].task: is none of the words known here; use drone build, drone promote, drone rollback',
      'repositories[0].allow[1].targets: means nothing for drone build; remove it, or choose another task',
    ]);
  });

  test.each([
    ['limits', [], 'limits: is a list and must be a map of keys; write key: value'],
    ['limits', null, 'limits: is empty and must be a map of keys; write key: value'],
    ['drones', [], 'drones: is a list and must be a map of names; write name: value'],
    ['drones', 'internal', 'drones: is text and must be a map of names; write name: value'],
    ['repositories', {}, 'repositories: is a map and must be a list; write [a, b] or one line each with - before it'],
    ['image', 3, 'image: is a number and must be a map of keys; write key: value'],
  ])('says what kind of value %s needs', (key, value, message) => {
    expect(problems(file({ [key]: value }))).toContain(message);
  });

  test('names the missing key and what it is for', () => {
    const { id: _, ...withoutId } = repository();
    const { pipeline: __, ...withoutPipeline } = repository();
    expect(problems(file({ repositories: [withoutId] }))).toEqual([
      "repositories[0].id: is missing; add GitHub's number of the repository; the audit line of a refused job tells it",
    ]);
    expect(problems(file({ repositories: [withoutPipeline] }))).toEqual([
      'repositories[0].pipeline: is missing; write same (whoever pushes writes the pipeline) or { repository, branch } of a trusted repository',
    ]);
    expect(problems(file({ image: { run: `sha256:${digest}` } }))).toEqual([
      'image.accept: is missing; name what workflows write as container:, as in [airlock]',
    ]);
    expect(problems(file({ version: undefined }))).toEqual(['version: is missing; write version: 1']);
  });
});
