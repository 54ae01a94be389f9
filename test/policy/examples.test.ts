// The examples are policies that load, and the reference shows every setting there is.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { chooseBuild, decide, loadPolicy, policyJsonSchema } from '../../src/policy/index.ts';
import { ask, claims, sha } from './sample.ts';

const read = (name: string) => readFileSync(new URL(`../../examples/${name}`, import.meta.url), 'utf8');
const reference = read('policy.reference.yaml');

test('policy.yaml loads', () => {
  expect(loadPolicy(read('policy.yaml'), 'policy.yaml').repositories).not.toEqual([]);
});

describe('policy.reference.yaml', () => {
  const policy = loadPolicy(reference, 'policy.reference.yaml');

  test('lets a release of the listed repository deploy through the trusted pipeline', () => {
    const job = claims({
      repositoryId: '123456',
      ref: 'refs/tags/v1.2.3',
      workflowRef: 'octo/widgets/.github/workflows/deploy.yml@refs/tags/v1.2.3',
      jobWorkflowRef: 'octo/ci/.github/workflows/deploy.yml@refs/heads/main',
    });
    expect(decide(policy, job, ask({ params: { ENVIRONMENT: 'staging', VERSION: 'v1.2.3' } }))).toMatchObject({
      allowed: true,
      plan: {
        repository: 'octo/widgets-deploy',
        ref: 'refs/heads/main',
        log: 'full',
        expect: { steps: ['default/deploy'] },
        params: { VERSION: 'v1.2.3', AIRLOCK_COMMIT: sha, AIRLOCK_REF: 'refs/tags/v1.2.3' },
      },
    });
  });

  test('promotes to production only out of the environment production', () => {
    const promote = ask({ task: 'drone promote', target: 'production', params: { ENVIRONMENT: 'production' } });
    const job = { repositoryId: '123456' };
    expect(decide(policy, claims({ ...job, environment: 'production' }), promote).allowed).toBe(true);
    expect(decide(policy, claims(job), promote)).toMatchObject({ refusal: { code: 'environment-not-allowed' } });
  });

  test('promotes what its first entry built', () => {
    const job = claims({ repositoryId: '123456', environment: 'production' });
    const promote = ask({ task: 'drone promote', target: 'production', params: { ENVIRONMENT: 'production' } });
    const decision = decide(policy, job, promote);
    if (!decision.allowed) throw decision.refusal;
    const source = { AIRLOCK_REF: job.ref, AIRLOCK_COMMIT: job.sha, AIRLOCK_NONCE: 'e'.repeat(32) };
    const params = { ENVIRONMENT: 'staging', VERSION: 'v1.2.3', ...source };
    const built = {
      number: 7,
      event: 'custom',
      status: 'success',
      ref: 'refs/heads/main',
      commit: sha,
      params,
    } as const;
    const found = { builds: [built], seen: 1, whole: true };
    expect(chooseBuild(decision.plan, found, [built])).toEqual(built);
    expect(chooseBuild(decision.plan, found, [])).toMatchObject({ code: 'build-not-allowed' });
  });

  test('names every key that the schema knows', () => {
    const keys = new Set<string>();
    const walk = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, value] of Object.entries(node)) {
        if (key === 'properties') for (const name of Object.keys(value as object)) keys.add(name);
        walk(value);
      }
    };
    walk(policyJsonSchema());
    const missing = [...keys].filter((key) => !reference.includes(`${key}:`));
    expect(missing).toEqual([]);
  });

  test('shows the defaults as they are', () => {
    const { limits, identity } = loadPolicy(
      `version: 1\nimage: { run: 'sha256:${'a'.repeat(64)}', accept: [airlock] }\nidentity: { audience: https://airlock.example }\ndrones: {}\n`,
      'smallest.yaml',
    );
    expect(policy.limits).toEqual(limits);
    expect(policy.identity).toEqual(identity);
  });
});
