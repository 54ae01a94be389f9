// GitHub as a fleet needs it: six calls, each with the rights that it takes.

import * as v from 'valibot';
import type { Clock } from '../../gate/index.ts';
import * as answers from './answers.ts';
import { type GitHubAnswer, type GitHubCall, createCaller, messageIn, nameOf } from './call.ts';
import { GitHubError } from './github-error.ts';
import { type GitHubSettings, scopePath } from './settings.ts';
import { createTokens } from './tokens.ts';

export interface NewRunner {
  readonly name: string;
  /** Id of the runner group. */
  readonly group: number;
  readonly labels: readonly string[];
  /** Relative to the runner's folder. */
  readonly workFolder: string;
}

/** All reject with a GitHubError. */
export interface GitHub {
  /** Registers a runner for one job. `config` is its credential, for this one runner. */
  makeRunner(wanted: NewRunner): Promise<{ readonly id: number; readonly config: string }>;
  /** Every runner of the scope whose name begins so. */
  runners(prefix: string): Promise<readonly answers.RunnerAnswer[]>;
  /** `busy`: it runs a job, and GitHub keeps it. `gone`: it had its job, or GitHub has removed it for another reason. */
  removeRunner(id: number): Promise<'removed' | 'gone' | 'busy'>;
  /** Id of the runner group of this name. A repository has the one group of its owner's. */
  group(name: string): Promise<number>;
  /** A job of a workflow run; its id is that of its check run. null: GitHub shows none. */
  job(repository: string, id: string, signal?: AbortSignal): Promise<answers.JobAnswer | null>;
}

const perPage = 100;
/** Pages of a list: ten thousand runners. */
const maxPages = 100;
const defaultGroup = 1;

type Call = Omit<GitHubCall, 'token'>;

const unexpected = (call: Call, { status, body }: GitHubAnswer): GitHubError =>
  new GitHubError({ trouble: 'refused', call: nameOf(call), detail: messageIn(body), status });

function read<T>(schema: v.GenericSchema<unknown, T>, call: Call, { body, status }: GitHubAnswer): T {
  const result = v.safeParse(schema, body, { abortEarly: true });
  if (result.success) return result.output;
  const path = (result.issues[0].path ?? []).map(({ key }) => String(key)).join('.');
  const detail = `its answer is not as expected at "${path}"`;
  throw new GitHubError({ trouble: 'malformed', call: nameOf(call), detail, status });
}

/** @param timeout milliseconds for one call */
export function createGitHub(settings: GitHubSettings, timeout: number, clock: Pick<Clock, 'now'>): GitHub {
  const send = createCaller(settings, timeout, clock);
  const tokens = createTokens(settings, send, clock);
  const scope = scopePath(settings.scope);

  async function ask(call: Call): Promise<GitHubAnswer> {
    const token = await tokens.token();
    const answer = await send({ ...call, token });
    if (answer.status !== 401) return answer;
    // Ended or withdrawn before its time: once more with a new one.
    tokens.forget(token);
    return send({ ...call, token: await tokens.token() });
  }

  async function ok<T>(call: Call, wanted: number, schema: v.GenericSchema<unknown, T>): Promise<T> {
    const answer = await ask(call);
    if (answer.status !== wanted) throw unexpected(call, answer);
    return read(schema, call, answer);
  }

  /** All pages of a list. */
  async function all<T, Page extends { readonly total_count: number }>(
    path: string,
    schema: v.GenericSchema<unknown, Page>,
    itemsOf: (page: Page) => readonly T[],
  ): Promise<T[]> {
    const found: T[] = [];
    for (let page = 1; page <= maxPages; page++) {
      const call: Call = { method: 'GET', path: `${path}?per_page=${perPage}&page=${page}` };
      const items = itemsOf(await ok(call, 200, schema));
      found.push(...items);
      if (items.length < perPage) break;
    }
    return found;
  }

  return {
    async makeRunner({ name, group, labels, workFolder }) {
      const body = { name, runner_group_id: group, labels, work_folder: workFolder };
      const path = `${scope}/actions/runners/generate-jitconfig`;
      const made = await ok({ method: 'POST', path, body }, 201, answers.madeAnswer);
      return { id: made.runner.id, config: made.encoded_jit_config };
    },
    async runners(prefix) {
      const found = await all(`${scope}/actions/runners`, answers.runnersAnswer, ({ runners }) => runners);
      return found.filter(({ name }) => name.startsWith(prefix));
    },
    async removeRunner(id) {
      const call: Call = { method: 'DELETE', path: `${scope}/actions/runners/${id}` };
      const answer = await ask(call);
      if (answer.status === 204) return 'removed';
      if (answer.status === 404) return 'gone';
      if (answer.status === 422) return 'busy';
      throw unexpected(call, answer);
    },
    async group(name) {
      if ('repository' in settings.scope) return defaultGroup;
      const path = `${scope}/actions/runner-groups`;
      const groups = await all(path, answers.groupsAnswer, ({ runner_groups }) => runner_groups);
      const found = groups.find((group) => group.name === name);
      if (found !== undefined) return found.id;
      const detail = `there is no runner group "${name}"; make it in the organisation's settings, or correct fleet.group`;
      throw new GitHubError({ trouble: 'refused', call: `GET ${path}`, detail });
    },
    async job(repository, id, signal) {
      const [owner = '', name = ''] = repository.split('/').map(encodeURIComponent);
      const call: Call = {
        method: 'GET',
        path: `/repos/${owner}/${name}/actions/jobs/${encodeURIComponent(id)}`,
        signal,
      };
      const answer = await ask(call);
      if (answer.status === 404) return null;
      if (answer.status !== 200) throw unexpected(call, answer);
      return read(answers.jobAnswer, call, answer);
    },
  };
}
