// The JSON of Drone's objects: which keys there are, in which order, and which are left out when empty (all recordings; a
// missing key is as much a part of the answer as a present one).

import type { SimulatedBuild, SimulatedStage, SimulatedStep } from './options.ts';
import { sorted } from './go-json.ts';
import type { BuildRecord, RepositoryRecord, StageRecord, StepRecord, UserRecord } from './records.ts';

/** Where the source code is said to be. */
const SCM = 'http://scm.example';

type Json = Record<string, unknown>;

/** Go's `omitempty`. */
function unlessEmpty(key: string, value: string | number | boolean | readonly unknown[] | Readonly<Json>): Json {
  const empty = typeof value === 'object' ? Object.keys(value).length === 0 : !value;
  return empty ? {} : { [key]: value };
}

export function userView(user: UserRecord): Json {
  return {
    id: user.id,
    login: user.login,
    email: '',
    machine: user.machine === true,
    admin: user.admin === true,
    active: true,
    avatar: '',
    syncing: false,
    synced: user.machine === true ? 0 : user.created,
    created: user.created,
    updated: user.created,
    last_login: user.machine === true ? 0 : user.created,
  };
}

export interface Permissions {
  readonly read: boolean;
  readonly write: boolean;
  readonly admin: boolean;
}

export function repositoryView(
  repository: RepositoryRecord,
  more: { permissions?: Permissions | undefined; build?: BuildRecord },
): Json {
  const { slug, owner, name, enabled, options } = repository;
  const { shown = {} } = options;
  return {
    id: repository.id,
    uid: String(repository.id),
    user_id: enabled ? 1 : 0,
    namespace: owner,
    name,
    slug,
    scm: shown.scm ?? '',
    git_http_url: `${SCM}/${slug}.git`,
    git_ssh_url: `git@scm.example:${slug}.git`,
    link: `${SCM}/${slug}`,
    default_branch: options.defaultBranch ?? 'main',
    private: options.visibility === 'private',
    visibility: options.visibility ?? 'public',
    active: repository.active,
    config_path: enabled ? (shown.config_path ?? '.drone.yml') : '',
    trusted: shown.trusted ?? false,
    protected: repository.protected,
    ignore_forks: shown.ignore_forks ?? false,
    ignore_pull_requests: shown.ignore_pull_requests ?? false,
    auto_cancel_pull_requests: shown.auto_cancel_pull_requests ?? false,
    auto_cancel_pushes: shown.auto_cancel_pushes ?? false,
    auto_cancel_running: shown.auto_cancel_running ?? false,
    timeout: enabled ? repository.timeout : 0,
    counter: repository.counter,
    synced: repository.created,
    created: repository.created,
    updated: repository.created,
    version: repository.version,
    ...(more.permissions === undefined ? {} : { permissions: more.permissions }),
    ...(more.build === undefined ? {} : { build: buildView(more.build, 'with stages') }),
    archived: shown.archived ?? false,
  };
}

/** A trigger and a list answer without stages, everything else with them. */
export function buildView(build: BuildRecord, stages: 'with stages' | 'without stages'): Json {
  const author = build.repository.owner;
  return {
    id: build.id,
    repo_id: build.repository.id,
    trigger: build.trigger,
    number: build.number,
    ...unlessEmpty('parent', build.parent),
    status: build.status,
    ...unlessEmpty('error', build.error),
    event: build.event,
    action: build.action,
    link: `${SCM}/${build.repository.slug}/commit/${build.after}`,
    timestamp: 0,
    message: build.message,
    before: build.after,
    after: build.after,
    ref: build.ref,
    source_repo: '',
    source: build.branch,
    target: build.branch,
    author_login: author,
    author_name: author,
    author_email: `${author}@example.com`,
    author_avatar: '',
    sender: build.sender,
    ...unlessEmpty('params', sorted(build.params)),
    ...unlessEmpty('deploy_to', build.deployTo),
    started: build.started,
    finished: build.finished,
    created: build.created,
    updated: build.updated,
    version: build.version,
    ...(stages === 'with stages'
      ? unlessEmpty(
          'stages',
          build.stages.map((stage) => stageView(build, stage)),
        )
      : {}),
  };
}

export function stageView(build: BuildRecord, stage: StageRecord): Json {
  const { scenario } = stage;
  return {
    id: stage.id,
    repo_id: build.repository.id,
    build_id: build.id,
    number: stage.number,
    name: stage.name,
    kind: 'pipeline',
    type: scenario.type ?? 'exec',
    status: stage.status,
    ...unlessEmpty('error', stage.error),
    errignore: false,
    exit_code: stage.exitCode,
    ...unlessEmpty('machine', stage.machine),
    os: scenario.os ?? 'linux',
    arch: scenario.arch ?? 'amd64',
    ...unlessEmpty('limit', scenario.limit ?? 0),
    started: stage.started,
    stopped: stage.stopped,
    created: stage.created,
    updated: stage.updated,
    version: stage.version,
    on_success: true,
    on_failure: scenario.onFailure === true,
    ...unlessEmpty('depends_on', scenario.dependsOn ?? []),
    ...unlessEmpty('labels', sorted(scenario.labels ?? {})),
    ...unlessEmpty('steps', stage.steps.map(stepView)),
  };
}

/** `step_id` is the id of the stage, as in Drone. */
function stepView(step: StepRecord): Json {
  return {
    id: step.id,
    step_id: step.stageId,
    number: step.number,
    name: step.name,
    status: step.status,
    ...unlessEmpty('error', step.error),
    ...unlessEmpty('errignore', step.scenario.ignoreFailure === true),
    exit_code: step.exitCode,
    ...unlessEmpty('started', step.started),
    ...unlessEmpty('stopped', step.stopped),
    version: step.version,
  };
}

function stepCopy(step: StepRecord): SimulatedStep {
  const { number, name, status, exitCode, started, stopped, alive, stored } = step;
  return { number, name, status, exitCode, started, stopped, entries: step.log.written, alive, stored };
}

function stageCopy(stage: StageRecord): SimulatedStage {
  const { number, name, status, started, stopped } = stage;
  return { number, name, status, started, stopped, steps: stage.steps.map(stepCopy) };
}

/** For tests: more than the API tells, and a copy. */
export function buildCopy(build: BuildRecord): SimulatedBuild {
  const { id, number, status, event, action, message, ref, after, trigger, sender, created, started, finished } = build;
  return {
    id,
    number,
    status,
    event,
    action,
    message,
    ref,
    after,
    trigger,
    sender,
    created,
    started,
    finished,
    params: { ...build.params },
    ...(build.parent === 0 ? {} : { parent: build.parent }),
    ...(build.deployTo === '' ? {} : { deployTo: build.deployTo }),
    stages: build.stages.map(stageCopy),
  };
}
