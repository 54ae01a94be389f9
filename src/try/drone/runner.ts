// Plays Drone's runner: takes stages, makes their steps, runs them, reports. The order of changes, and which version number each
// row has then, are those of recordings 10, 12, 18, 23, 30, 33, 34 and 63.

import { newStep } from './new-build.ts';
import { runProcess } from './output.ts';
import { type BuildRecord, isDone, type StageRecord, type StepRecord, unixSeconds } from './records.ts';
import { exitCodeOf } from './scenario.ts';
import type { DroneState } from './state.ts';

const MACHINE = 'runner-1';
const PENDING_MS = 30;
/** Between two changes that Drone makes one after the other. */
const MOMENT_MS = 5;

/** Starts the life of a build; it ends by itself, with a cancel or with the server. */
export function run(state: DroneState, build: BuildRecord): void {
  const { signal } = build.work;
  life(state, build).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

async function life(state: DroneState, build: BuildRecord): Promise<void> {
  const ended = new Map<string, Promise<void>>();
  const lives = build.stages.map((stage) => {
    const one = stageLife(state, build, stage, ended);
    ended.set(stage.name, one);
    return one;
  });
  await Promise.all(lives);
  if (isDone(build.status)) return;
  await state.wait(build, MOMENT_MS, 'closing');
  if (isDone(build.status)) return;
  build.status = overall(build.stages);
  // A declined build keeps `finished: 0` (recording 23).
  if (build.status !== 'declined') build.finished = unixSeconds();
  build.version += 1;
  state.events.publish(build);
}

/** The first stage by number that did not end well decides. */
function overall(stages: readonly StageRecord[]): string {
  return stages.map(({ status }) => status).find((status) => status !== 'success' && status !== 'skipped') ?? 'success';
}

async function stageLife(
  state: DroneState,
  build: BuildRecord,
  stage: StageRecord,
  ended: ReadonlyMap<string, Promise<void>>,
): Promise<void> {
  if (stage.status === 'blocked') {
    await new Promise<void>((resolve) => {
      stage.release = resolve;
    });
    if (isDone(stage.status)) return;
  }
  if (!(await dependencies(build, stage, ended))) return;
  await taken(state, build, stage);
  if (isDone(stage.status)) return;
  await refusedOrRun(state, build, stage);
}

/** Waits for the stages that this one needs; false: it will not run. */
async function dependencies(
  build: BuildRecord,
  stage: StageRecord,
  ended: ReadonlyMap<string, Promise<void>>,
): Promise<boolean> {
  const names = stage.scenario.dependsOn ?? [];
  if (names.length === 0) return true;
  // The lives of later stages are in the map by then.
  await Promise.resolve();
  for (const name of names) await ended.get(name);
  if (isDone(stage.status)) return false;
  const needed = build.stages.filter(({ name }) => names.includes(name));
  const good = stage.scenario.onFailure === true || needed.every(({ status }) => status === 'success');
  const now = unixSeconds();
  stage.status = good ? 'pending' : 'skipped';
  if (!good) Object.assign(stage, { started: now, stopped: now });
  stage.updated = now;
  stage.version += 1;
  return good;
}

/** A runner takes the stage: it has a machine while it is still pending. */
async function taken(state: DroneState, build: BuildRecord, stage: StageRecord): Promise<void> {
  const { pendingMs = PENDING_MS } = build.scenario;
  await state.wait(build, stage.scenario.noRunner === true ? Number.POSITIVE_INFINITY : pendingMs, 'pending', stage);
  await state.queue.open();
  if (isDone(stage.status)) return;
  stage.machine = MACHINE;
  stage.updated = unixSeconds();
  stage.version += 1;
  await state.wait(build, MOMENT_MS, 'accepted', stage);
}

async function refusedOrRun(state: DroneState, build: BuildRecord, stage: StageRecord): Promise<void> {
  const now = unixSeconds();
  stage.startedAt = Date.now();
  stage.started = now;
  stage.updated = now;
  stage.version += 1;
  if (stage.scenario.error !== undefined) {
    // A refused build is never `running`: its one change is the last.
    if (build.started === 0) Object.assign(build, { started: now, updated: now });
    Object.assign(stage, { status: 'error', error: stage.scenario.error, exitCode: 255, stopped: now });
    return;
  }
  stage.status = 'running';
  stage.steps = stage.scenario.steps.map((step, index) => newStep(state, build, stage, step, index + 1));
  // The build follows its stage a moment later (recording 70).
  await state.wait(build, 0, 'starting', stage);
  if (isDone(build.status)) return;
  if (build.status === 'pending') {
    Object.assign(build, { status: 'running', started: now, updated: now });
    build.version += 1;
  }
  state.events.publish(build);
  await state.wait(build, 0, 'started', stage);
  for (const together of groups(stage.steps)) {
    await Promise.all(together.map((step) => stepLife(state, build, stage, step)));
    if (isDone(stage.status)) return;
  }
  await state.wait(build, MOMENT_MS, 'ending', stage);
  if (isDone(stage.status)) return;
  endStage(stage);
}

/** Steps that start at the same time, in their order. */
function groups(steps: readonly StepRecord[]): StepRecord[][] {
  const found: StepRecord[][] = [];
  for (const step of steps) {
    const last = found.at(-1);
    if (step.scenario.alongside === true && last !== undefined) last.push(step);
    else found.push([step]);
  }
  return found;
}

async function stepLife(state: DroneState, build: BuildRecord, stage: StageRecord, step: StepRecord): Promise<void> {
  const { scenario } = step;
  const broken = stage.steps.some(({ status, scenario: { ignoreFailure } }) => isBad(status) && ignoreFailure !== true);
  if (scenario.status === 'skipped' || (broken && scenario.onFailure !== true)) {
    Object.assign(step, { status: 'skipped', started: unixSeconds(), stopped: unixSeconds() });
    // After a failure the runner writes a skipped step once, and once more with its stage (recording 30); of steps that were
    // never due, or after a timeout, only with its stage (12, 34).
    if (stage.steps.some(({ status }) => status === 'failure')) step.version += 1;
    return;
  }
  Object.assign(step, { status: 'running', started: unixSeconds(), alive: true });
  step.version += 1;
  step.live.open();
  state.events.publish(build);
  try {
    await runProcess(state, build, stage, step);
  } finally {
    step.alive = false;
  }
  step.stored = true;
  // A cancel that was lost: the process came to its end, but everything is decided already.
  if (isDone(step.status)) return;
  const status = scenario.status ?? 'success';
  Object.assign(step, { status, stopped: unixSeconds(), exitCode: scenario.exitCode ?? exitCodeOf(status) });
  if (status === 'error') step.error = scenario.error ?? 'the runner could not run the step';
  if (status !== 'killed') step.version += 1;
  step.live.end();
  state.events.publish(build);
}

function isBad(status: string): boolean {
  return status === 'failure' || status === 'error' || status === 'killed';
}

function endStage(stage: StageRecord): void {
  const counted = stage.steps.filter(({ scenario }) => scenario.ignoreFailure !== true);
  const killed = counted.find(({ status }) => status === 'killed');
  const error = counted.find(({ status }) => status === 'error');
  const failed = counted.some(({ status }) => status === 'failure');
  const sum = killed ? 'killed' : error ? 'error' : failed ? 'failure' : 'success';
  stage.status = stage.scenario.status ?? sum;
  // Recording 30: a failed step leaves the stage's exit code at 0; a timeout does not (34).
  stage.exitCode = (killed ?? error)?.exitCode ?? 0;
  stage.error = error?.error ?? '';
  stage.stopped = unixSeconds();
  stage.updated = stage.stopped;
  stage.version += 1;
  for (const step of stage.steps) step.version += 1;
}
