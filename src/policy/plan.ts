// From a job that fits an entry to what is granted: constants and the policy's words, and of the job's own only claims
// that GitHub signed and parameters that the entry lists.

import { type LogLevel, Refusal, type TaskName } from '../protocol/index.ts';
import type { Claims } from './claims.ts';
import type { Compared } from './difference.ts';
import type { Ask, Plan, RepositoryPolicy } from './types.ts';

const kinds: Readonly<Record<TaskName, Plan['kind']>> = {
  'drone build': 'build',
  'drone promote': 'promote',
  'drone rollback': 'rollback',
};

/** Logs of a public repository's jobs are read by everyone, so only stages, steps and times are shown unless asked for. */
export const logLevelOf = ({ log }: RepositoryPolicy, { visibility }: Claims): LogLevel =>
  log ?? (visibility === 'public' ? 'status' : 'full');

/** A trusted pipeline is told whose job it serves; nobody else can set these names (param-rules.ts). */
function sourceParams(claims: Claims): Record<string, string> {
  return {
    AIRLOCK_REPOSITORY: claims.repository,
    AIRLOCK_REPOSITORY_ID: claims.repositoryId,
    AIRLOCK_REF: claims.ref,
    AIRLOCK_COMMIT: claims.sha,
    AIRLOCK_EVENT: claims.eventName,
    AIRLOCK_RUN_ID: claims.runId,
    AIRLOCK_ACTOR: claims.actor.replace(/\[bot\]$/, ''),
  };
}

const maxParamsBytes = 1500;
/** `"AIRLOCK_NONCE":"<32 hex>",` */
const nonceBytes = 64;

/** Bytes of the JSON that Drone stores (MySQL takes 2000): Go writes <, > and & as six characters each. */
function storedBytes(params: Readonly<Record<string, string>>): number {
  return Buffer.byteLength(JSON.stringify(params).replace(/[<>&\u2028\u2029]/g, '\\u0000'));
}

function whereTo({
  repository: { repository, pipeline },
  claims,
}: Compared): Pick<Plan, 'repository' | 'ref' | 'commit'> {
  if (pipeline === 'same') return { repository, ref: claims.ref, commit: claims.sha };
  return { repository: pipeline.repository, ref: `refs/heads/${pipeline.branch}`, commit: pipeline.commit };
}

/** @returns a refusal only when the parameters are too many together */
export function planOf(compared: Compared, ask: Ask): Plan | Refusal {
  const { entry, repository, claims } = compared;
  const params = repository.pipeline === 'same' ? { ...ask.params } : { ...ask.params, ...sourceParams(claims) };
  const size = storedBytes(params) + nonceBytes;
  if (size > maxParamsBytes)
    return new Refusal({
      code: 'params-too-large',
      message: `the parameters are ${size} bytes together with airlock's own; Drone is given at most ${maxParamsBytes}`,
      rule: `parameters of at most ${maxParamsBytes} bytes`,
      fix: 'set fewer or shorter PARAM_ variables',
    });
  const isBuild = entry.task === 'drone build';
  return {
    entry: entry.path,
    kind: kinds[entry.task],
    drone: repository.drone,
    ...whereTo(compared),
    build: isBuild ? undefined : ask.build,
    target: isBuild ? undefined : ask.target,
    builds: entry.builds,
    params,
    expect: entry.expect,
    log: logLevelOf(repository, claims),
    redact: repository.redact,
    whenLost: entry.whenLost,
  };
}
