// Two environments that must never be mixed. The hook process's own holds the operator's settings and GitHub's facts;
// the one in `input.args` is the workflow's, over which the runner writes the facts that it knows (THREATS.md section 2).

import { type PathMap, toContainerPath } from './mounts.ts';
import type { Run } from './run.ts';

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function* facts({ github, runner }: Run): Generator<[string, string]> {
  for (const [name, value] of github) yield [`GITHUB_${name.toUpperCase()}`, value];
  for (const [name, value] of runner) yield [`RUNNER_${name.toUpperCase()}`, value];
}

function idTokenVariables({ idToken }: Run): [string, string][] {
  if (idToken === null) return [];
  return [
    ['ACTIONS_ID_TOKEN_REQUEST_URL', idToken.url],
    ['ACTIONS_ID_TOKEN_REQUEST_TOKEN', idToken.token],
  ];
}

/** No `env:` of the workflow gets in here; a path that a step added does, in front of PATH. */
export function hookEnvironment(run: Run): Record<string, string> {
  const operator: Record<string, string> = {
    PATH: systemPath,
    HOME: run.layout.root,
    LANG: 'C.UTF-8',
    ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER: 'true',
    ACTIONS_RUNNER_CONTAINER_HOOKS: run.options.hook,
    ...run.settings,
  };
  return {
    ...operator,
    PATH: [...run.prependPath, operator['PATH'] ?? ''].join(':'),
    ...Object.fromEntries(facts(run)),
    ...Object.fromEntries(idTokenVariables(run)),
    GITHUB_ACTIONS: 'true',
    CI: 'true',
    RUNNER_TRACKING_ID: run.trackingId,
  };
}

const translated = (env: ReadonlyMap<string, string>, paths: PathMap): Record<string, string> =>
  Object.fromEntries([...env].map(([name, value]) => [name, toContainerPath(value, paths)]));

/** `environmentVariables` of run_script_step. @param env the step's `env` context */
export function scriptEnvironment(run: Run, env: ReadonlyMap<string, string>, paths: PathMap): Record<string, string> {
  return translated(new Map([...env, ...facts(run), ...idTokenVariables(run)]), paths);
}

// Where GitHub's artifact and cache services would be. The played runner has none, and airlock never calls them.
const services = 'https://run-actions.invalid';

/**
 * `environmentVariables` of run_container_step (recording docker-actions): the inputs, and GitHub's services as an
 * action gets them.
 * @param inputs the step's `with:`
 */
export function containerStepEnvironment(
  run: Run,
  env: ReadonlyMap<string, string>,
  inputs: ReadonlyMap<string, string>,
  paths: PathMap,
): Record<string, string> {
  const inputVariables = [...inputs].map(([name, value]): [string, string] => [
    `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
    value,
  ]);
  const variables = new Map<string, string>([
    ...env,
    ...inputVariables,
    ['HOME', run.layout.home],
    ...facts(run),
    ['ACTIONS_RUNTIME_URL', `${services}/pipelines/`],
    // One and the same token on the real runner as well (THREATS.md finding 8).
    ['ACTIONS_RUNTIME_TOKEN', run.idToken?.token ?? run.token],
    ['ACTIONS_CACHE_URL', `${services}/cache/`],
    ...idTokenVariables(run),
    ['ACTIONS_RESULTS_URL', `${services}/`],
  ]);
  return translated(variables, paths);
}
