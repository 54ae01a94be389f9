// Lists of builds (recordings 50, 52 to 54): newest first by id, 25 a page unless 1 to 100 are asked for, no total; a page after
// the last is empty. `branch` and `tag` take short names; with both, the branch wins.

import { json, noRows } from './answer.ts';
import type { RepositoryCall } from './call.ts';
import type { BuildRecord, RepositoryRecord } from './records.ts';
import { buildView } from './views.ts';

const PAGE = 25;
const LONGEST_PAGE = 100;

/** Go's Atoi, with 0 for what is no number. */
function number(text: string | null): number {
  return text !== null && /^[+-]?\d+$/.test(text) ? Number(text) : 0;
}

function newestFirst(repository: RepositoryRecord): BuildRecord[] {
  return repository.builds.toSorted((a, b) => b.id - a.id);
}

function refOf(query: URLSearchParams): string {
  const branch = query.get('branch');
  const tag = query.get('tag');
  if (branch) return `refs/heads/${branch}`;
  return tag ? `refs/tags/${tag}` : '';
}

export function list(call: RepositoryCall): void {
  const { query } = call;
  const page = Math.max(1, number(query.get('page')));
  const asked = number(query.get('per_page'));
  const size = asked < 1 || asked > LONGEST_PAGE ? PAGE : asked;
  const ref = refOf(query);
  const found = newestFirst(call.repository).filter((build) => ref === '' || build.ref === ref);
  json(
    call.res,
    found.slice((page - 1) * size, page * size).map((build) => buildView(build, 'without stages')),
  );
}

/** The newest build of a branch, by default of the default branch. */
export function latest(call: RepositoryCall): void {
  const { query, repository } = call;
  const ref = query.get('ref') || `refs/heads/${query.get('branch') || (repository.options.defaultBranch ?? 'main')}`;
  const found = newestFirst(repository).find((build) => build.ref === ref);
  if (found === undefined) noRows(call.res);
  else json(call.res, buildView(found, 'with stages'));
}

/** The newest promotion or rollback to each environment. */
export function deployments(call: RepositoryCall): void {
  const seen = new Set<string>();
  const newest = newestFirst(call.repository).filter(({ deployTo }) => {
    if (deployTo === '' || seen.has(deployTo)) return false;
    seen.add(deployTo);
    return true;
  });
  json(
    call.res,
    newest.map((build) => buildView(build, 'without stages')),
  );
}
