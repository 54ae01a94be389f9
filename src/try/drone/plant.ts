// Builds that no request made: of other people, of a push, from before.

import { type BuildRequest, newBuild, scenarioFor } from './new-build.ts';
import type { PlantedBuild } from './options.ts';
import { type BuildRecord, isDone, type RepositoryRecord } from './records.ts';
import { run } from './runner.ts';
import type { DroneState } from './state.ts';

/** The next build has this number; of an earlier one nothing changes. */
export function skipNumbers(repository: RepositoryRecord, next: number): void {
  const skipped = Math.max(0, next - 1 - repository.counter);
  repository.counter += skipped;
  repository.version += skipped;
}

function requestOf({ ref = 'refs/heads/main', after = '0'.repeat(40), ...planted }: PlantedBuild): BuildRequest {
  const { event = 'custom', trigger = 'someone', sender = 'someone', params = {} } = planted;
  const { parent, deployTo, message } = planted;
  return {
    event,
    trigger,
    sender,
    params,
    ref,
    after,
    branch: ref.replace(/^refs\/heads\//, ''),
    ...(parent === undefined ? {} : { parent }),
    ...(deployTo === undefined ? {} : { deployTo }),
    ...(message === undefined ? {} : { message }),
  };
}

export function plant(state: DroneState, slug: string, planted: PlantedBuild): BuildRecord {
  const repository = state.repository(slug);
  const { number, status = 'success', error = '', created, lives = false } = planted;
  const newest = repository.counter;
  if (number !== undefined) repository.counter = number - 1;
  const request = requestOf(planted);
  const build = newBuild(state, repository, request, lives ? scenarioFor(repository, request) : { stages: [] });
  repository.counter = Math.max(newest, repository.counter);
  repository.version += repository.counter - newest - 1;
  if (created !== undefined) Object.assign(build, { created, updated: created });
  if (lives) {
    run(state, build);
    return build;
  }
  const begun = status === 'pending' ? 0 : build.created;
  Object.assign(build, {
    status,
    error,
    started: begun,
    finished: isDone(status) ? begun : 0,
    version: planted.version ?? (isDone(status) ? 3 : 2),
  });
  return build;
}
