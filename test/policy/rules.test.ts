// The rules that look at several keys of a policy file.

import { describe, expect, test } from 'vitest';
import { drone, entry, file, load, problems, repository } from './sample.ts';

const withRepositories = (...repositories: unknown[]) => file({ repositories });
const trusted = { repository: 'octo/deploy', branch: 'main' };

describe('asserted identity', () => {
  const asserted = { audience: 'https://airlock.example', mode: 'asserted' };
  const message =
    'is a file although identity.mode is asserted: any runner could use it for any repository; write token: workflow, or prove identity with mode: github';

  test('is accepted when every Drone takes its token from the workflow', () => {
    expect(problems(file({ identity: asserted, drones: { internal: drone({ token: 'workflow' }) } }))).toEqual([]);
  });

  test('is refused beside any Drone whose token is the gate’s', () => {
    const drones = { internal: drone({ token: 'workflow' }), other: drone() };
    expect(problems(file({ identity: asserted, drones }))).toEqual([`drones.other.token: ${message}`]);
  });

  test('is accepted beside a token of the gate where the runner is our own', () => {
    expect(problems(file({ identity: asserted }))).toEqual([`drones.internal.token: ${message}`]);
    expect(problems(file({ identity: asserted }), { allowAsserted: true })).toEqual([]);
    expect(load(file({ identity: asserted }), { allowAsserted: true }).identity.mode).toBe('asserted');
  });
});

describe('plain http to Drone', () => {
  const message =
    'is plain http: token and log would cross the network readable; use https, or add plainHttp: accepted beside it';

  test.each([
    'https://drone.internal',
    'http://localhost',
    'http://127.0.0.1:8080',
    'http://127.1.2.3',
    'http://[::1]:80',
  ])('%s needs no word', (server) => {
    expect(problems(file({ drones: { internal: drone({ server }) } }))).toEqual([]);
  });

  test.each([
    'http://drone.internal',
    'http://10.0.0.1',
    'http://127.0.0.1.example',
    'http://localhost.example',
    'http://1270.0.0.1',
  ])('%s is refused until it is accepted in the file', (server) => {
    expect(problems(file({ drones: { internal: drone({ server }) } }))).toEqual([`drones.internal.server: ${message}`]);
    expect(problems(file({ drones: { internal: drone({ server, plainHttp: 'accepted' }) } }))).toEqual([]);
  });
});

describe('repositories', () => {
  test('name a Drone of the policy', () => {
    expect(problems(withRepositories(repository({ drone: 'external' })))).toEqual([
      'repositories[0].drone: is no Drone of this policy; did you mean internal?',
    ]);
    expect(problems(withRepositories(repository({ drone: 'toString' })))).toEqual([
      'repositories[0].drone: is no Drone of this policy; there are: internal',
    ]);
    expect(problems(file({ drones: {} }))).toEqual([
      'repositories[0].drone: is no Drone of this policy; there are: none',
    ]);
  });

  test('are listed once, by id and by name in any case', () => {
    expect(problems(withRepositories(repository(), repository({ repository: 'octo/gadgets', id: 124 })))).toEqual([]);
    expect(problems(withRepositories(repository(), repository({ repository: 'octo/gadgets', id: '123' })))).toEqual([
      'repositories[1].id: is the id of repositories[0] too; put all entries there',
    ]);
    expect(problems(withRepositories(repository(), repository({ repository: 'Octo/Widgets', id: 124 })))).toEqual([
      'repositories[1].repository: is the repository of repositories[0] too; put all entries there',
    ]);
  });
});

describe('targets and builds', () => {
  const promote = (changes = {}) => entry({ task: 'drone promote', targets: ['production'], ...changes });
  const rollback = (changes = {}) => promote({ task: 'drone rollback', builds: { commit: 'any' }, ...changes });
  const allow = (one: unknown) => withRepositories(repository({ allow: [one] }));

  test('are not for drone build', () => {
    expect(problems(allow(entry()))).toEqual([]);
    expect(problems(allow(entry({ targets: ['production'], builds: { commit: 'same' } })))).toEqual([
      'repositories[0].allow[0].targets: means nothing for drone build; remove it, or choose another task',
      'repositories[0].allow[0].builds: means nothing for drone build; remove it, or choose another task',
    ]);
  });

  test('drone promote and drone rollback name their targets', () => {
    expect(problems(allow(promote()))).toEqual([]);
    expect(problems(allow(promote({ targets: undefined })))).toEqual([
      'repositories[0].allow[0]: lacks targets; name where drone promote may go, as in targets: [production]',
    ]);
    expect(problems(allow(rollback({ targets: undefined })))).toEqual([
      'repositories[0].allow[0]: lacks targets; name where drone rollback may go, as in targets: [production]',
    ]);
  });

  test('drone rollback says whether another commit is meant', () => {
    expect(problems(allow(rollback()))).toEqual([]);
    expect(problems(allow(rollback({ builds: undefined })))).toEqual([
      'repositories[0].allow[0]: lacks builds.commit; write any to go back to builds of other commits, or same',
    ]);
  });

  test('builds of pull requests are never promoted', () => {
    expect(
      problems(allow(promote({ builds: { events: ['push', 'tag', 'cron', 'custom', 'promote', 'rollback'] } }))),
    ).toEqual([]);
    expect(problems(allow(promote({ builds: { events: ['pull_request'] } })))).toEqual([
      'repositories[0].allow[0].builds.events[0]: is none of the words known here; use push, tag, cron, custom, promote, rollback',
    ]);
    expect(problems(allow(promote({ builds: { status: 'failure' } })))).toEqual([
      'repositories[0].allow[0].builds.status: can only be success; write success',
    ]);
  });
});

test('of a trusted pipeline only builds that this gate made can be promoted', () => {
  const pipeline = { repository: 'octo/deploy', branch: 'main' };
  const policy = (events: string[] | undefined, trusted: boolean) => {
    const allow = [entry({ task: 'drone promote', targets: ['production'], builds: { events } })];
    return problems(withRepositories(repository({ allow, ...(trusted ? { pipeline } : {}) })));
  };
  for (const events of [undefined, ['custom'], ['push', 'promote'], ['rollback']])
    expect(policy(events, true)).toEqual([]);
  expect(policy(['push', 'tag'], false)).toEqual([]);
  expect(policy(['push', 'tag'], true)).toEqual([
    'repositories[0].allow[0].builds.events: allows nothing with a trusted pipeline, of which only builds that this gate made are promoted; add custom, promote or rollback',
  ]);
});

test('unprotected is only for pipeline: same', () => {
  const allow = [entry({ unprotected: true })];
  expect(problems(withRepositories(repository({ allow })))).toEqual([]);
  expect(problems(withRepositories(repository({ allow, pipeline: trusted })))).toEqual([
    'repositories[0].allow[0].unprotected: means nothing with a trusted pipeline, whose protection is not asked; remove it',
  ]);
});

describe('an entry with pipeline: same and no environment, beside one with an environment', () => {
  const guarded = entry({ environment: 'production' });
  const message = (slug: string, other: string) =>
    `has no environment and pipeline: same, and so reaches every secret of Drone's ${slug}, also those of ${other}, which asks for an environment; add an environment, use a trusted pipeline, or write sharedSecrets: accepted`;

  test('is refused when both reach the same Drone repository', () => {
    expect(problems(withRepositories(repository({ allow: [guarded, entry()] })))).toEqual([
      `repositories[0].allow[1]: ${message('octo/widgets', 'repositories[0].allow[0]')}`,
    ]);
  });

  test('is refused whichever comes first', () => {
    expect(problems(withRepositories(repository({ allow: [entry(), guarded] })))).toEqual([
      `repositories[0].allow[0]: ${message('octo/widgets', 'repositories[0].allow[1]')}`,
    ]);
  });

  test('is accepted with sharedSecrets: accepted', () => {
    const open = entry({ sharedSecrets: 'accepted' });
    expect(problems(withRepositories(repository({ allow: [guarded, open] })))).toEqual([]);
    expect(problems(withRepositories(repository({ allow: [guarded, open, entry()] })))).toHaveLength(1);
  });

  test('is accepted when both have an environment, or neither', () => {
    expect(problems(withRepositories(repository({ allow: [guarded, entry({ environment: 'staging' })] })))).toEqual([]);
    expect(problems(withRepositories(repository({ allow: [entry(), entry({ refs: ['refs/heads/x'] })] })))).toEqual([]);
  });

  test('is accepted with a trusted pipeline, which the job does not write', () => {
    expect(problems(withRepositories(repository({ pipeline: trusted, allow: [guarded, entry()] })))).toEqual([]);
  });

  test('is refused when another repository reaches the same Drone repository as its trusted pipeline', () => {
    const outer = repository({ pipeline: trusted, allow: [guarded] });
    const inner = repository({ repository: 'octo/deploy', id: 124 });
    expect(problems(withRepositories(outer, inner))).toEqual([
      `repositories[1].allow[0]: ${message('octo/deploy', 'repositories[0].allow[0]')}`,
    ]);
    expect(problems(withRepositories(inner, outer))).toHaveLength(1);
    expect(problems(withRepositories(outer, repository({ repository: 'Octo/Deploy', id: 124 })))).toHaveLength(1);
  });

  test.for([
    'https://drone.internal',
    'https://drone.internal:443',
    'https://DRONE.internal',
    'https://drone.example',
    'https://10.0.0.7',
  ])('is refused when its Drone has another name in the policy, at %s: it may be the same server', (server) => {
    const outer = repository({ pipeline: trusted, allow: [guarded] });
    const inner = (more = {}) =>
      repository({ repository: 'Octo/Deploy', id: 124, drone: 'other', allow: [entry(more)] });
    const both = (more = {}) =>
      problems({ ...withRepositories(outer, inner(more)), drones: { internal: drone(), other: drone({ server }) } });
    expect(both()).toEqual([
      "repositories[1].allow[0]: has no environment and pipeline: same, and so may reach every secret of Drone's octo/deploy, also those of repositories[0].allow[0], which asks for an environment: whether the Drones other and internal are one server, no address tells; add an environment, use a trusted pipeline, or write sharedSecrets: accepted",
    ]);
    expect(both({ sharedSecrets: 'accepted' })).toEqual([]);
    expect(both({ environment: 'staging' })).toEqual([]);
  });

  test('is accepted beside another Drone repository, on the same server too', () => {
    const outer = repository({ pipeline: trusted, allow: [guarded] });
    expect(problems(withRepositories(outer, repository({ repository: 'octo/other', id: 124 })))).toEqual([]);
  });
});
