// A policy for somebody who has none yet: it lets the played job do what its file asks for, and nothing else. It is text
// first, so that it goes through the same loader as an operator's and can be shown as a start for a real one.

import { isMapping } from '@actions/workflow-parser/templates/tokens/type-guards';
import { stringify } from 'yaml';
import type { PlayedEvent } from './runner/index.ts';
import { type Job, type Token, evaluate } from './workflow/index.ts';

const digest = '0'.repeat(64);
/** What a parameter's value may be made of without danger to a pipeline's text. */
const plainValue = '[A-Za-z0-9._/@:+-]{0,256}';

function parametersOf(job: Job): string[] {
  const tokens = [...job.env, ...job.steps.map(({ env }) => env)].filter((token): token is Token => token !== null);
  const names = tokens.flatMap((token) => (isMapping(token) ? [...token].map(({ key }) => key.toString()) : []));
  const keys = names
    .filter((name) => /^PARAM_[A-Z][A-Z0-9_]{0,63}$/.test(name))
    .map((name) => name.slice('PARAM_'.length));
  return [...new Set(keys)].sort();
}

/** The image's name when the file says it plainly; an expression could only be known while the job runs. */
function imageOf(job: Job): string {
  if (job.container === null) return 'airlock';
  try {
    const value = evaluate(job.container, { file: job.workflow.file, status: 'success', env: new Map(), contexts: {} });
    const image = value instanceof Map ? (value as ReadonlyMap<string, unknown>).get('image') : value;
    return typeof image === 'string' && image !== '' ? image : 'airlock';
  } catch {
    return 'airlock';
  }
}

/** The YAML of a policy with one entry, made for this job and this event. */
export function madeUpPolicy(job: Job, event: PlayedEvent): string {
  return stringify({
    version: 1,
    image: { run: `registry.internal/library/node@sha256:${digest}`, accept: [imageOf(job)] },
    identity: { audience: 'https://airlock.example' },
    drones: { internal: { server: 'https://drone.internal', token: { file: '/run/secrets/drone-token' } } },
    repositories: [
      {
        repository: event.repository,
        id: event.repositoryId,
        drone: 'internal',
        pipeline: 'same',
        log: 'full',
        allow: [
          {
            task: 'drone build',
            events: ['push', 'workflow_dispatch', 'release', 'schedule', 'merge_group'],
            refs: [event.ref],
            ...(event.refProtected ? {} : { unprotected: true }),
            params: Object.fromEntries(parametersOf(job).map((key) => [key, { pattern: plainValue }])),
          },
        ],
      },
    ],
  });
}
