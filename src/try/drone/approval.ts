// Approve and decline of a blocked stage (recording 23): both need an administrator of the repository.

import { failed, noContent } from './answer.ts';
import { buildAt, type RepositoryCall, stageAt } from './call.ts';
import { type BuildRecord, type StageRecord, unixSeconds } from './records.ts';

function refused(call: RepositoryCall, verb: 'approve' | 'decline', stage: StageRecord): boolean {
  if (stage.status === 'blocked') return false;
  failed(call.res, 400, `Cannot ${verb} a Pipeline with Status "${stage.status}"`);
  return true;
}

export function approve(call: RepositoryCall): void {
  const found = stageAt(call);
  if (found === undefined || refused(call, 'approve', found.stage)) return;
  const { stage } = found;
  stage.status = 'pending';
  stage.updated = unixSeconds();
  stage.version += 1;
  stage.release();
  noContent(call.res);
}

export function declineStage(call: RepositoryCall): void {
  const found = stageAt(call);
  if (found === undefined || refused(call, 'decline', found.stage)) return;
  decline(found.build, [found.stage]);
  noContent(call.res);
}

/** Without a stage: every one that is blocked. */
export function declineBuild(call: RepositoryCall): void {
  const build = buildAt(call);
  if (build === undefined) return;
  decline(
    build,
    build.stages.filter(({ status }) => status === 'blocked'),
  );
  noContent(call.res);
}

/** The build is declined with its first stage and keeps `finished: 0`. */
function decline(build: BuildRecord, stages: readonly StageRecord[]): void {
  for (const stage of stages) {
    stage.status = 'declined';
    stage.version += 1;
    stage.release();
  }
  if (build.status === 'declined') return;
  build.status = 'declined';
  build.version += 1;
}
