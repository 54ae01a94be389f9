// DELETE of a build (recordings 35 to 38, 61, 62): everything that has not ended is killed or skipped at once in the database;
// whether the process learns of it is another matter. The event stream says nothing, the live stream is never closed.

import type { ServerResponse } from 'node:http';
import { failed, json } from './answer.ts';
import { type BuildRecord, isDone, type StageRecord, unixSeconds } from './records.ts';
import type { DroneState } from './state.ts';
import { buildView } from './views.ts';

/** The runner asks for 30 s, then sleeps for 10 s: what is cancelled meanwhile does not reach it. */
const ASKS_MS = 30_000;
const CYCLE_MS = 40_000;

export function cancel(state: DroneState, res: ServerResponse, build: BuildRecord): void {
  if (!isDone(build.status)) {
    if (build.scenario.cancel === 'conflict-once' && build.conflicts === 0) {
      build.conflicts += 1;
      failed(res, 409, 'Optimistic Lock Error');
      return;
    }
    const lost = isLost(state, build);
    kill(build);
    if (!lost) stopWork(build);
  }
  json(res, buildView(build, 'with stages'));
}

function isLost(state: DroneState, build: BuildRecord): boolean {
  if (build.scenario.cancel === 'lost') return true;
  if (build.scenario.cancel !== 'by-the-clock') return false;
  const running = build.stages.find(({ status }) => status === 'running');
  const age = running === undefined ? 0 : Date.now() - running.startedAt;
  return age % state.scaled(CYCLE_MS) >= state.scaled(ASKS_MS);
}

function kill(build: BuildRecord): void {
  const now = unixSeconds();
  build.status = 'killed';
  build.finished = now;
  if (build.started === 0) build.started = now;
  build.version += 1;
  for (const stage of build.stages) if (!isDone(stage.status)) killStage(stage, now);
}

function killStage(stage: StageRecord, now: number): void {
  stage.status = stage.started === 0 ? 'skipped' : 'killed';
  if (stage.started === 0) stage.started = now;
  stage.stopped = now;
  stage.version += 1;
  for (const step of stage.steps) {
    if (isDone(step.status)) continue;
    step.status = step.started === 0 ? 'skipped' : 'killed';
    if (step.started === 0) step.started = now;
    step.stopped = now;
    step.exitCode = 130;
    step.version += 1;
  }
}

/** The process dies, and what it had printed is stored. */
function stopWork(build: BuildRecord): void {
  for (const { steps } of build.stages) for (const step of steps) if (step.alive) step.stored = true;
  build.work.abort();
}
