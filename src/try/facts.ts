// The facts of a played job: what GitHub would sign for it.

import type { JobClaims } from './issuer.ts';
import type { PlayedEvent } from './runner/index.ts';
import { type Job, evaluate } from './workflow/index.ts';

/** Name of the environment that the job is let into; expressions are evaluated without contexts, as none are known yet. */
function environmentOf(job: Job): string | undefined {
  if (job.environment === null) return undefined;
  const value = evaluate(job.environment, { file: job.workflow.file, status: 'success', env: new Map(), contexts: {} });
  const name = value instanceof Map ? (value as ReadonlyMap<string, unknown>).get('name') : value;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** The claims of GitHub's id token for this job (every identifier is text, as GitHub writes it). */
export function claimsOf(job: Job, event: PlayedEvent): JobClaims {
  const workflowRef = `${event.repository}/${job.workflow.path}@${event.ref}`;
  const environment = environmentOf(job);
  return {
    repository: event.repository,
    repository_id: event.repositoryId,
    repository_owner: event.repository.split('/')[0] ?? '',
    repository_owner_id: event.ownerId ?? '2',
    repository_visibility: event.visibility,
    ref: event.ref,
    ref_type: event.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    ref_protected: String(event.refProtected),
    sha: event.sha,
    event_name: event.name,
    actor: event.actor,
    actor_id: event.actorId ?? '3',
    run_id: event.runId,
    run_number: event.runNumber ?? '7',
    run_attempt: event.attempt,
    check_run_id: event.checkRunId,
    workflow: job.workflow.name,
    workflow_ref: workflowRef,
    workflow_sha: event.sha,
    job_workflow_ref: workflowRef,
    job_workflow_sha: event.sha,
    runner_environment: 'self-hosted',
    head_ref: '',
    base_ref: '',
    ...(environment === undefined ? {} : { environment }),
  };
}
