// The look at a job before it asks for anything: refuse early, grant nothing.

import { describe, expect, test } from 'vitest';
import { type Claims, type Policy, rehearse } from '../../src/policy/index.ts';
import { allowing, claims, entry, file, load, repository } from './sample.ts';

const code = (policy: Policy, changes: Partial<Claims> = {}) => {
  const rehearsal = rehearse(policy, claims(changes));
  return rehearsal.allowed ? 'allowed' : rehearsal.refusal.code;
};

test('a job that some entry may fit is let on, and told its log level', () => {
  expect(rehearse(allowing(entry()), claims())).toEqual({ allowed: true, log: 'full' });
  expect(rehearse(allowing(entry()), claims({ visibility: 'public' }))).toEqual({ allowed: true, log: 'status' });
  expect(rehearse(load(file({ repositories: [repository({ log: 'tail' })] })), claims())).toEqual({
    allowed: true,
    log: 'tail',
  });
});

test('task, target, build and parameters are left out', () => {
  const params = { A: { values: ['x'], required: true } };
  expect(code(allowing(entry({ task: 'drone promote', targets: ['production'], params })))).toBe('allowed');
});

describe('everything that GitHub signed is looked at', () => {
  test.each([
    ['repository-not-listed', {}, { repositoryId: '9', repository: 'a/b' }],
    ['repository-id-differs', {}, { repositoryId: '9' }],
    ['event-not-allowed', {}, { eventName: 'pull_request' }],
    ['ref-not-allowed', {}, { ref: 'refs/heads/x' }],
    ['ref-not-protected', {}, { refProtected: false }],
    ['workflow-not-allowed', { workflows: ['.github/workflows/x.yml'] }, {}],
    ['called-workflow-not-allowed', { calledWorkflows: ['octo/ci/.github/workflows/x.yml@refs/heads/main'] }, {}],
    ['environment-not-allowed', { environment: 'production' }, {}],
    ['claim-not-plain', { refs: ['refs/heads/*'] }, { ref: 'refs/heads/$(id)' }],
    ['claim-not-plain', {}, { sha: 'x' }],
    ['claim-not-plain', {}, { actor: '$(id)' }],
  ])('%s', (expected, changes, job) => {
    expect(code(allowing(entry(changes)), job)).toBe(expected);
  });

  test('task-not-allowed when the repository has no entry', () => {
    expect(code(allowing())).toBe('task-not-allowed');
  });
});

test('the refusal names the closest entry as the decision does', () => {
  const rehearsal = rehearse(allowing(entry({ refs: ['refs/heads/x'] })), claims());
  expect(rehearsal).toMatchObject({
    refusal: {
      rule: 'allow[0].refs',
      message:
        'no entry of the policy fits this job; the closest, allow[0] (drone build), differs in one point: ref: the job has "refs/heads/main", the entry wants refs/heads/x',
    },
    detail:
      'closest entry repositories[0].allow[0] (drone build): ref: the job has "refs/heads/main", the entry wants refs/heads/x',
  });
});
