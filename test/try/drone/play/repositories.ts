// Which repositories there were in the world of a recording, and how each was before the first request.

import type { SimulatedRepository } from '../../../../src/try/drone/index.ts';
import type { Observations, ObservedBuild } from './observed.ts';
import { answersOf } from './people.ts';
import { type Exchange, type Item, queryOf, type Recording, slugOf } from './recording.ts';

type Json = Record<string, unknown>;
type Settings = NonNullable<SimulatedRepository['shown']>;

const NO_ROWS = 'sql: no rows in result set';

const messageOf = (json: unknown): unknown =>
  typeof json === 'object' && json !== null && 'message' in json ? json.message : undefined;

/**
 * Whether an answer shows that the repository of its path is there: a refusal does not, nor does a page for people. Where there
 * was no answer at all, it may have been.
 */
function shows(item: Item): boolean {
  if (item.kind === 'stream') return item.response?.status === 200;
  if (item.kind === 'exchange' && item.response === undefined) return true;
  return answersOf(item).some(({ status = 0, json }) => {
    if (json === undefined || status === 401 || status === 403) return false;
    return status !== 404 || messageOf(json) !== 'Not Found';
  });
}

export function slugsOf(recording: Recording, seen: Observations): readonly string[] {
  const shown = recording.items.flatMap((item) =>
    item.kind !== 'note' && shows(item) ? (slugOf(item.request.path) ?? []) : [],
  );
  return [...new Set([...seen.repositories.keys(), ...shown])].toSorted();
}

function exchangesOf(recording: Recording, slug: string): Exchange[] {
  return recording.items.filter(
    (item): item is Exchange => item.kind === 'exchange' && slugOf(item.request.path) === slug,
  );
}

/** Branches, as builds without a commit show where they point to. */
function headsOf(exchanges: readonly Exchange[]): Record<string, string> {
  const heads: [string, string][] = [];
  for (const { request, response } of exchanges) {
    const query = queryOf(request.path);
    const build = response?.json as ObservedBuild | null | undefined;
    if (request.method === 'POST' && !query.get('commit') && typeof build?.after === 'string') {
      heads.push([query.get('branch') || 'main', build.after]);
    }
  }
  return Object.fromEntries(heads);
}

/** Every full commit that is named, but those that the SCM is said not to know. */
function commitsOf(exchanges: readonly Exchange[]): string[] {
  const unknown = exchanges.flatMap(
    ({ response }) => /No commit found for SHA: (\w+)/.exec(response?.body ?? '')?.[1] ?? [],
  );
  const named = exchanges.flatMap(({ request }) => queryOf(request.path).get('commit') ?? []);
  return named.filter((commit) => !unknown.includes(commit));
}

/** Of a synced repository that was never enabled, a trigger says that there is no row (recording 16). */
function wasNeverEnabled(first: Json | undefined, here: readonly Exchange[]): boolean {
  if (first !== undefined && 'user_id' in first) return first['user_id'] === 0;
  return here.some(
    ({ request, response }) =>
      request.method === 'POST' && /\/builds(?:\?|$)/.test(request.path) && messageOf(response?.json) === NO_ROWS,
  );
}

/** How often requests of this recording changed the row and the counter before the repository was first described. */
function changesBefore(at: number, slug: string, recording: Recording): { rows: number; builds: number } {
  const changes = { rows: 0, builds: 0 };
  for (const item of exchangesOf(recording, slug)) {
    const { method, path } = item.request;
    if (item.at > at || item.response?.status !== 200 || method === 'GET') continue;
    if (/\/builds/.test(path)) {
      const made = method === 'POST' && item.at < at && 'number' in ((item.response.json ?? {}) as Json);
      changes.builds += Number(made);
      changes.rows += Number(made);
    } else changes.rows += Number(path.split('?')[0] === `/api/repos/${slug}`);
  }
  return changes;
}

/** What the first description says of the beginning; nothing was described: nothing. */
function beginning(
  slug: string,
  recording: Recording,
  seen: Observations,
): Pick<SimulatedRepository, 'counter' | 'version' | 'shown' | 'defaultBranch'> {
  const { first, firstAt = 0 } = seen.repository(slug);
  if (first === undefined) return {};
  const { rows, builds } = changesBefore(firstAt, slug, recording);
  const { counter, version, default_branch: branch } = first;
  const names = [
    'scm',
    'trusted',
    'ignore_forks',
    'ignore_pull_requests',
    'auto_cancel_pull_requests',
    'auto_cancel_pushes',
    'auto_cancel_running',
    'archived',
  ] as const satisfies readonly (keyof Settings)[];
  const shown = Object.fromEntries(names.flatMap((name) => (first[name] === undefined ? [] : [[name, first[name]]])));
  const path = first['config_path'];
  return {
    ...(typeof counter === 'number' ? { counter: Math.max(0, counter - builds) } : {}),
    ...(typeof version === 'number' ? { version: Math.max(1, version - rows) } : {}),
    ...(typeof branch === 'string' && branch !== '' ? { defaultBranch: branch } : {}),
    shown: { ...shown, ...(typeof path === 'string' && path !== '' ? { config_path: path } : {}) },
  };
}

/** All but what happens to its builds. */
export function repositoryOf(
  slug: string,
  recording: Recording,
  seen: Observations,
): Omit<SimulatedRepository, 'scenario'> {
  const { first = {}, builds } = seen.repository(slug);
  const made = [...builds].filter(([, { madeHere }]) => madeHere).map(([number]) => number);
  const here = exchangesOf(recording, slug);
  return {
    slug,
    active: first['active'] !== false,
    neverEnabled: wasNeverEnabled(seen.repository(slug).first, here),
    protected: first['protected'] === true,
    visibility: first['visibility'] === 'private' ? 'private' : 'public',
    timeout: Number(first['timeout'] || 60),
    counter: made.length > 0 ? Math.min(...made) - 1 : 0,
    head: headsOf(here),
    knownCommits: commitsOf(here),
    ...beginning(slug, recording, seen),
  };
}
