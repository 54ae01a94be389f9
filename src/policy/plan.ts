// From a job that fits an entry to what is granted: constants and the policy's words, and of the job's own only claims
// that GitHub signed and parameters that the entry lists.

import { type LogLevel, Refusal, type TaskName } from '../protocol/index.ts';
import type { Claims } from './claims.ts';
import type { Compared } from './difference.ts';
import { maxParamsBytes, paramsSize } from './params-size.ts';
import type { Ask, ChoiceRule, ParamRule, Plan, RepositoryPolicy, StoredParamRule } from './types.ts';

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

/**
 * A promoted build deploys the source of the old one, whoever asks for it: these two come along from there. Who asks, and
 * why, is told anew.
 */
function askerParams(claims: Claims): Record<string, string> {
  const { AIRLOCK_REF: _ref, AIRLOCK_COMMIT: _commit, ...asker } = sourceParams(claims);
  return asker;
}

type Where = Pick<Plan, 'repository' | 'ref' | 'commit'>;

function whereTo({ repository: { repository, pipeline }, claims }: Compared): Where {
  if (pipeline === 'same') return { repository, ref: claims.ref, commit: claims.sha };
  return { repository: pipeline.repository, ref: `refs/heads/${pipeline.branch}`, commit: pipeline.commit };
}

const stored = ({ values, pattern }: ParamRule): StoredParamRule => ({ values, pattern: pattern?.source });

function choiceRule({ entry, repository, claims }: Compared, { ref, commit }: Where): ChoiceRule | undefined {
  const { builds, params } = entry;
  if (builds === undefined || ref === undefined) return undefined;
  return {
    ...builds,
    source: claims.sha,
    pipeline: repository.pipeline === 'same' ? undefined : { ref, commit },
    params: Object.fromEntries([...params].map(([name, rule]) => [name, stored(rule)])),
  };
}

/** @returns a refusal only when the parameters are too many together */
export function planOf(compared: Compared, ask: Ask): Plan | Refusal {
  const { entry, repository, claims } = compared;
  const isBuild = entry.task === 'drone build';
  const ours = isBuild ? sourceParams(claims) : askerParams(claims);
  const params = repository.pipeline === 'same' ? { ...ask.params } : { ...ask.params, ...ours };
  const size = paramsSize(params);
  if (size > maxParamsBytes)
    return new Refusal({
      code: 'params-too-large',
      message: `the parameters are ${size} bytes together with airlock's own; Drone is given at most ${maxParamsBytes}`,
      rule: `parameters of at most ${maxParamsBytes} bytes`,
      fix: 'set fewer or shorter PARAM_ variables',
    });
  const where = whereTo(compared);
  return {
    entry: entry.path,
    kind: kinds[entry.task],
    drone: repository.drone,
    // A promotion is of the old build's ref and commit, which nobody knows yet.
    ...(isBuild ? where : { repository: where.repository, ref: undefined, commit: undefined }),
    build: isBuild ? undefined : ask.build,
    target: isBuild ? undefined : ask.target,
    builds: isBuild ? undefined : choiceRule(compared, where),
    params,
    expect: entry.expect,
    log: logLevelOf(repository, claims),
    redact: repository.redact,
    disabled: repository.disabled,
    whenLost: entry.whenLost,
  };
}
