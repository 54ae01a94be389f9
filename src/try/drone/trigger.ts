// POST of a build (recordings 10 to 22): what is looked at, in which order, and the ways in which it goes wrong.

import type { RepositoryCall } from './call.ts';
import { failed, json, noRows, page } from './answer.ts';
import { newBuild, type BuildRequest, scenarioFor } from './new-build.ts';
import { redirected } from './redirector.ts';
import { run } from './runner.ts';
import { type RepositoryRecord, unixSeconds } from './records.ts';
import type { DroneScenario, TriggerFault } from './scenario.ts';
import { buildView } from './views.ts';

const FULL_COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/;
const SOME_COMMIT = '1'.repeat(40);
const SLOW_MS = 300;

/** Every key of the query but these becomes a parameter; of a repeated one the first value. */
export function parameters(query: URLSearchParams, but: readonly string[]): Record<string, string> {
  const params = Object.create(null) as Record<string, string>;
  for (const [key, value] of query) if (!but.includes(key) && !Object.hasOwn(params, key)) params[key] = value;
  return params;
}

/** The commit that the SCM answers; undefined: it knows none. */
function commitOf(repository: RepositoryRecord, commit: string, branch: string, ref: string): string | undefined {
  const { knownCommits = 'any', defaultBranch = 'main', head = { [defaultBranch]: SOME_COMMIT } } = repository.options;
  if (commit === '')
    return Object.hasOwn(head, branch) ? head[branch] : Object.hasOwn(head, ref) ? head[ref] : undefined;
  if (!FULL_COMMIT.test(commit)) return undefined;
  return knownCommits === 'any' || knownCommits.includes(commit) ? commit : undefined;
}

export async function trigger(call: RepositoryCall): Promise<void> {
  const { repository, query, res, user } = call;
  repository.triggers += 1;
  if (!repository.enabled) {
    noRows(res);
    return;
  }
  const branch = query.get('branch') || (repository.options.defaultBranch ?? 'main');
  const ref = branch.startsWith('refs/') ? branch : `refs/heads/${branch}`;
  const asked = query.get('commit') ?? '';
  const after = commitOf(repository, asked, branch, ref);
  const login = user?.login ?? '';
  const message = query.get('message');
  const request: BuildRequest = {
    event: 'custom',
    params: parameters(query, ['access_token', 'commit', 'branch']),
    after: after ?? '',
    ref,
    branch,
    trigger: login,
    sender: login,
    action: query.get('action') ?? '',
    ...(message ? { message } : {}),
  };
  const scenario = scenarioFor(repository, request);
  const fault = faultOf(scenario, repository.triggers);
  // The SCM is asked first; so a fault of the SCM hides that it does not know the commit.
  if (after === undefined && (typeof fault === 'string' || !('scm' in fault))) {
    failed(res, 404, `No commit found for SHA: ${asked || ref}`);
    return;
  }
  await answerWith(fault, call, request, scenario);
}

function faultOf(scenario: DroneScenario, nth: number): TriggerFault {
  const { trigger: fault = 'ok', stages } = scenario;
  const chosen = typeof fault === 'function' ? fault(nth) : fault;
  return chosen === 'ok' && stages.length === 0 ? 'null' : chosen;
}

async function answerWith(
  fault: TriggerFault,
  call: RepositoryCall,
  request: BuildRequest,
  scenario: DroneScenario,
): Promise<void> {
  const { res } = call;
  if (typeof fault === 'object') {
    if ('scm' in fault) failed(res, 404, fault.scm);
    else unreadable(call, request, scenario, fault.yamlError);
    return;
  }
  switch (fault) {
    case 'ok':
      return started(call, request, scenario);
    case 'null':
      return json(res, null);
    case 'yaml-error':
      return unreadable(call, request, scenario, "yaml: line 6: did not find expected ',' or ']'");
    case 'config-empty':
      return failed(res, 500, 'configuration: not found');
    case 'config-missing':
      await slowly(call, scenario);
      return failed(res, 500, 'Not Found');
    case 'html':
      return page(res);
    case 'not-found':
      return failed(res, 404, 'Not Found');
    case 'unauthorized':
      return failed(res, 401, 'Unauthorized');
    case 'hang-up-before':
      return hangUp(call);
    case 'hang-up-after':
      made(call, request, scenario);
      return hangUp(call);
    case 'status-500-before':
      return failed(res, 500, 'database is locked');
    case 'status-500-after':
      made(call, request, scenario);
      return failed(res, 500, 'database is locked');
    case 'slow': {
      const build = made(call, request, scenario);
      const answer = buildView(build, 'without stages');
      await slowly(call, scenario);
      return json(res, answer);
    }
    case 'slow-before':
      await slowly(call, scenario);
      return res.destroyed ? undefined : started(call, request, scenario);
    case 'redirect-301':
      return redirected(call.req, res, { as: 301, to: '' });
    case 'redirect-307':
      return redirected(call.req, res, { as: 307, to: '' });
  }
}

function made(call: RepositoryCall, request: BuildRequest, scenario: DroneScenario): ReturnType<typeof newBuild> {
  const build = newBuild(call.state, call.repository, request, scenario);
  run(call.state, build);
  return build;
}

/** Makes the build and answers it: the shared end of a trigger, a promotion and a restart. */
export function started(call: RepositoryCall, request: BuildRequest, scenario: DroneScenario): void {
  json(call.res, buildView(made(call, request, scenario), 'without stages'));
}

/** A broken .drone.yml: a build without stages, parameters and trigger that has ended already, and status 200 (recording 12). */
function unreadable(call: RepositoryCall, request: BuildRequest, scenario: DroneScenario, error: string): void {
  const asked = { ...request, trigger: '', params: {} };
  const build = newBuild(call.state, call.repository, asked, { ...scenario, wrongAnswer: {}, stages: [] });
  const now = unixSeconds();
  Object.assign(build, { status: 'error', error, started: now, finished: now });
  json(call.res, buildView(build, 'without stages'));
}

function hangUp(call: RepositoryCall): void {
  call.req.socket.destroy();
}

/** Resolves after the scenario's `slowMs`, or when the caller has gone. */
function slowly(call: RepositoryCall, scenario: DroneScenario): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, call.state.scaled(scenario.slowMs ?? SLOW_MS));
    call.res.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
