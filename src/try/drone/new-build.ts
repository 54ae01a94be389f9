// Rows for a new build: what a trigger, a promotion and a restart have in common.

import { LiveLog } from './live-log.ts';
import { type BuildRecord, type RepositoryRecord, type StageRecord, type StepRecord, unixSeconds } from './records.ts';
import type { DroneScenario, PlannedBuild, StageScenario, StepScenario } from './scenario.ts';
import type { DroneState } from './state.ts';
import { StepLog } from './step-log.ts';

export interface BuildRequest extends Omit<PlannedBuild, 'number' | 'event'> {
  readonly event: string;
  readonly parent?: number;
  readonly action?: string;
  readonly message?: string;
  /** As it was asked for; what `source` and `target` say. */
  readonly branch: string;
  readonly trigger: string;
  readonly sender: string;
}

/** The scenario of the build that would be made now. */
export function scenarioFor(repository: RepositoryRecord, request: BuildRequest): DroneScenario {
  const { scenario } = repository.options;
  if (typeof scenario !== 'function') return scenario;
  const event = request.event === 'promote' || request.event === 'rollback' ? request.event : 'custom';
  const { params, after, ref, deployTo } = request;
  return scenario({
    number: repository.counter + 1,
    event,
    params,
    after,
    ref,
    ...(deployTo === undefined ? {} : { deployTo }),
  });
}

/** Takes the next number and adds the build; nothing happens to it yet. */
export function newBuild(
  state: DroneState,
  repository: RepositoryRecord,
  request: BuildRequest,
  scenario: DroneScenario,
): BuildRecord {
  const now = unixSeconds();
  const wrong = scenario.wrongAnswer ?? {};
  const after = wrong.after ?? request.after;
  repository.counter += 1;
  repository.version += 1;
  const build: BuildRecord = {
    id: state.nextId('build'),
    repository,
    number: repository.counter,
    parent: request.parent ?? 0,
    event: request.event,
    action: request.action ?? '',
    message: request.message ?? `commit ${after.slice(0, 8)}`,
    after,
    ref: request.ref,
    branch: request.branch,
    trigger: wrong.trigger ?? request.trigger,
    sender: request.sender,
    deployTo: request.deployTo ?? '',
    params: wrong.params ?? request.params,
    scenario,
    created: now,
    stages: scenario.stages.map((stage, index) => newStage(state, stage, index + 1, now)),
    status: 'pending',
    error: '',
    started: 0,
    finished: 0,
    updated: now,
    version: 1,
    conflicts: 0,
    work: new AbortController(),
  };
  state.add(build);
  return build;
}

function newStage(state: DroneState, scenario: StageScenario, number: number, now: number): StageRecord {
  const waits = (scenario.dependsOn ?? []).length > 0;
  return {
    id: state.nextId('stage'),
    number,
    name: scenario.name,
    scenario,
    status: scenario.blocked === true ? 'blocked' : waits ? 'waiting_on_dependencies' : 'pending',
    error: '',
    exitCode: 0,
    machine: '',
    started: 0,
    stopped: 0,
    created: now,
    updated: now,
    version: 1,
    steps: [],
    startedAt: 0,
    release: () => undefined,
  };
}

/** Steps are made by the runner, not by the trigger. */
export function newStep(
  state: DroneState,
  build: BuildRecord,
  stage: StageRecord,
  scenario: StepScenario,
  number: number,
): StepRecord {
  const { pingMs, slowReaderMs } = state;
  return {
    id: state.nextId('step'),
    stageId: stage.id,
    number,
    name: scenario.name,
    scenario,
    log: new StepLog(),
    live: new LiveLog({ mode: build.scenario.stream ?? 'complete', pingMs, slowReaderMs }),
    status: 'pending',
    error: '',
    exitCode: 0,
    started: 0,
    stopped: 0,
    version: 1,
    alive: false,
    stored: false,
  };
}
