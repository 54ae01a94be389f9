// A small policy as plain data, so that each test changes one thing. JSON is YAML, so the loader reads it as it is.

import fc from 'fast-check';
import { type Ask, type Claims, type Policy, PolicyError, loadPolicy } from '../../src/policy/index.ts';

export type Data = Record<string, unknown>;

export const digest = 'a'.repeat(64);

export const entry = (changes: Data = {}): Data => ({
  task: 'drone build',
  events: ['push'],
  refs: ['refs/heads/main'],
  ...changes,
});

export const repository = (changes: Data = {}): Data => ({
  repository: 'octo/widgets',
  id: 123,
  drone: 'internal',
  pipeline: 'same',
  allow: [entry()],
  ...changes,
});

export const drone = (changes: Data = {}): Data => ({
  server: 'https://drone.internal',
  token: { file: '/run/secrets/drone-token' },
  ...changes,
});

export const file = (changes: Data = {}): Data => ({
  version: 1,
  image: { run: `sha256:${digest}`, accept: ['airlock'] },
  identity: { audience: 'https://airlock.example' },
  drones: { internal: drone() },
  repositories: [repository()],
  ...changes,
});

export const load = (data: unknown, options = {}): Policy => loadPolicy(JSON.stringify(data), 'policy.yaml', options);

/** A policy whose one repository has these entries. */
export const allowing = (...entries: Data[]): Policy => load(file({ repositories: [repository({ allow: entries })] }));

/** `path: message` of every problem; an empty list when the policy loads. */
export function problems(data: unknown, options = {}): string[] {
  return problemsIn(JSON.stringify(data), options);
}

export function problemsIn(text: string, options = {}): string[] {
  try {
    loadPolicy(text, 'policy.yaml', options);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

export const sha = '0123456789abcdef0123456789abcdef01234567';

export const claims = (changes: Partial<Claims> = {}): Claims => ({
  repository: 'octo/widgets',
  repositoryId: '123',
  visibility: 'private',
  ref: 'refs/heads/main',
  refProtected: true,
  sha,
  eventName: 'push',
  actor: 'octocat',
  runId: '1001',
  runAttempt: '1',
  checkRunId: '77',
  workflowRef: 'octo/widgets/.github/workflows/deploy.yml@refs/heads/main',
  jobWorkflowRef: 'octo/widgets/.github/workflows/deploy.yml@refs/heads/main',
  environment: undefined,
  ...changes,
});

export const ask = (changes: Partial<Ask> = {}): Ask => ({ task: 'drone build', params: {}, ...changes });

/** What a token's payload holds, by GitHub's names. */
export const payload = (changes: Data = {}): Data => ({
  aud: 'https://airlock.example/challenge',
  iss: 'https://token.actions.githubusercontent.com',
  sub: 'repo:octo/widgets:ref:refs/heads/main',
  repository: 'octo/widgets',
  repository_id: '123',
  repository_owner: 'octo',
  repository_visibility: 'private',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  ref_protected: 'true',
  sha,
  event_name: 'push',
  head_ref: '',
  base_ref: '',
  actor: 'octocat',
  run_id: '1001',
  run_number: '7',
  run_attempt: '1',
  check_run_id: '77',
  workflow_ref: 'octo/widgets/.github/workflows/deploy.yml@refs/heads/main',
  job_workflow_ref: 'octo/widgets/.github/workflows/deploy.yml@refs/heads/main',
  runner_environment: 'self-hosted',
  ...changes,
});

/** Any UTF-16 text, half surrogate pairs included. */
export const anyText = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.nat({ max: 0xff }), fc.nat({ max: 0xffff })), { maxLength })
    .map((codes) => String.fromCharCode(...codes));
