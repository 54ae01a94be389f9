// The `github` context: what GitHub's job message says, in the order in which the runner turns it into GITHUB_* variables
// (recording run-default).

import { basename } from 'node:path';
import type { Job, Json } from '../workflow/index.ts';
import type { PlayedEvent } from './types.ts';

const refName = (ref: string) => ref.replace(/^refs\/(?:heads|tags|pull)\//, '');

/** Names as they stand in the context; GITHUB_REF and its like are these in upper case. */
export function githubFacts(job: Job, event: PlayedEvent, workspace: string): Map<string, string> {
  return new Map([
    ['job', job.id],
    ['ref', event.ref],
    ['sha', event.sha],
    ['repository', event.repository],
    ['repository_owner', event.repository.split('/')[0] ?? ''],
    ['repository_id', event.repositoryId],
    ['repository_owner_id', event.ownerId ?? '2'],
    ['run_id', event.runId],
    ['run_number', event.runNumber ?? '7'],
    ['run_attempt', event.attempt],
    ['retention_days', '90'],
    ['actor', event.actor],
    ['actor_id', event.actorId ?? '3'],
    ['triggering_actor', event.actor],
    ['workflow', job.workflow.name],
    ['head_ref', ''],
    ['base_ref', ''],
    ['event_name', event.name],
    ['server_url', 'https://github.com'],
    ['api_url', 'https://api.github.com'],
    ['graphql_url', 'https://api.github.com/graphql'],
    ['ref_name', refName(event.ref)],
    ['ref_protected', String(event.refProtected)],
    ['ref_type', event.ref.startsWith('refs/tags/') ? 'tag' : 'branch'],
    ['workflow_ref', `${event.repository}/${job.workflow.path}@${event.ref}`],
    ['workflow_sha', event.sha],
    ['workspace', workspace],
  ]);
}

const number = (text: string): Json => (/^\d{1,15}$/.test(text) ? Number(text) : text);

/** event.json, as far as the event is known: no commits, no user but the actor. */
export function webhookPayload(event: PlayedEvent): { readonly [key: string]: Json } {
  const [owner = '', name = basename(event.repository)] = event.repository.split('/');
  return {
    ref: event.ref,
    ...(event.name === 'push' ? { after: event.sha } : {}),
    ...(event.inputs === undefined ? {} : { inputs: { ...event.inputs } }),
    repository: {
      id: number(event.repositoryId),
      name,
      full_name: event.repository,
      private: event.visibility !== 'public',
      visibility: event.visibility,
      owner: { login: owner, id: number(event.ownerId ?? '2') },
    },
    sender: { login: event.actor, id: number(event.actorId ?? '3') },
    ...event.payload,
  };
}

export const runnerFacts = (
  name: string,
  layout: { tools: string; temp: string; pipeline: string },
): Map<string, string> =>
  new Map([
    ['os', 'Linux'],
    ['arch', process.arch === 'arm64' ? 'ARM64' : 'X64'],
    ['name', name],
    ['tool_cache', layout.tools],
    ['temp', layout.temp],
    ['workspace', layout.pipeline],
  ]);
