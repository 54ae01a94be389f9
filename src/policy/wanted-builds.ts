// What the cell is told of the choice, so that it reports few builds: facts that Drone shows as they are. Globs, patterns
// and the ledger stay here, and all that is told is compared once more (choose-build.ts).

import type { Wanted } from '../protocol/index.ts';
import type { Plan } from './types.ts';

/** Absent where nothing is promoted or rolled back to. */
export function wantedBuilds({ builds, params }: Plan): Wanted | undefined {
  if (builds === undefined) return undefined;
  const { events, status, commit, source, pipeline } = builds;
  if (pipeline === undefined) return { events, status, commit: commit === 'same' ? source : undefined };
  const repository = params['AIRLOCK_REPOSITORY_ID'];
  return {
    events,
    status,
    commit: pipeline.commit,
    params: {
      ...(repository === undefined ? {} : { AIRLOCK_REPOSITORY_ID: repository }),
      ...(commit === 'same' ? { AIRLOCK_COMMIT: source } : {}),
    },
  };
}
