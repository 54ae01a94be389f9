// The claims that GitHub would sign for a recorded job, made from what the runner itself had been told of it.

import type { JobClaims } from '../../src/try/issuer.ts';

/** `env`: the hook process's own environment in the recording. Absent facts stay absent, so that they are refused. */
export function claimsOf(env: Readonly<Record<string, string>>): JobClaims {
  const claims: Record<string, string> = {
    repository_visibility: 'public',
    runner_environment: 'self-hosted',
    check_run_id: '900001',
    run_number: env['GITHUB_RUN_NUMBER'] ?? '',
  };
  const names = {
    repository: 'GITHUB_REPOSITORY',
    repository_id: 'GITHUB_REPOSITORY_ID',
    repository_owner: 'GITHUB_REPOSITORY_OWNER',
    repository_owner_id: 'GITHUB_REPOSITORY_OWNER_ID',
    ref: 'GITHUB_REF',
    ref_type: 'GITHUB_REF_TYPE',
    ref_protected: 'GITHUB_REF_PROTECTED',
    sha: 'GITHUB_SHA',
    event_name: 'GITHUB_EVENT_NAME',
    actor: 'GITHUB_ACTOR',
    actor_id: 'GITHUB_ACTOR_ID',
    run_id: 'GITHUB_RUN_ID',
    run_attempt: 'GITHUB_RUN_ATTEMPT',
    workflow: 'GITHUB_WORKFLOW',
    workflow_ref: 'GITHUB_WORKFLOW_REF',
    workflow_sha: 'GITHUB_WORKFLOW_SHA',
    job_workflow_ref: 'GITHUB_WORKFLOW_REF',
    head_ref: 'GITHUB_HEAD_REF',
    base_ref: 'GITHUB_BASE_REF',
  };
  for (const [claim, name] of Object.entries(names)) {
    const value = env[name];
    if (value !== undefined) claims[claim] = value;
  }
  return claims;
}
