// The world that a recording was made in, as far as the recording itself tells of it: who may what, which repositories, branches
// and commits there are, and what became of each build. From this the simulated Drone is made.

import type {
  DroneScenario,
  SimulatedDroneOptions,
  StageScenario,
  StepScenario,
  TriggerFault,
} from '../../../../src/try/drone/index.ts';
import type { Observations, Observed, ObservedBuild, ObservedStage, ObservedStep } from './observed.ts';
import { hasLostRunner } from './notes.ts';
import { answersOf, usersOf } from './people.ts';
import { type Exchange, type RecordedRequest, type Recording, slugOf } from './recording.ts';
import type { Seen } from './report.ts';
import { repositoryOf, slugsOf } from './repositories.ts';

/** Set before each request: how the next trigger is answered, and how slowly; whether the SCM lets permissions be refreshed. */
export interface Next {
  trigger: TriggerFault;
  slowMs: number;
  refreshFails: boolean;
}

export function worldOf(recording: Recording, seen: Observations, next: Next): SimulatedDroneOptions {
  const slugs = slugsOf(recording, seen);
  return {
    users: usersOf(recording, slugs),
    repositories: slugs.map((slug) => ({
      ...repositoryOf(slug, recording, seen),
      refreshFails: () => next.refreshFails,
      scenario: ({ number }) => ({
        ...scenarioOf(seen.repository(slug).builds.get(number), recording),
        trigger: () => next.trigger,
        slowMs: next.slowMs,
      }),
    })),
  };
}

/** A step whose log was asked for and never there did not run. */
function stepByLog(observed: Observed | undefined, key: string, number: number): StepScenario {
  const log = observed?.logs.get(key);
  const skipped = log === undefined && observed?.withoutLog.has(key) === true && !observed.streamed.has(key);
  return { name: `step ${number}`, lines: linesOf(log), ...(skipped ? { status: 'skipped' } : {}) };
}

/** Of a build of which no stage was recorded, only what it printed: the steps are known by their logs. */
function stagesByLogs(observed: Observed | undefined): StageScenario[] {
  const { logs = [], withoutLog = [], streamed = [] } = observed ?? {};
  const known = [...[...logs].map(([step]) => step), ...[...withoutLog].map(([step]) => step), ...streamed, '1/1'];
  const steps = known.map((step) => step.split('/').map(Number));
  const stages = Math.max(...steps.map(([stage = 1]) => stage));
  return Array.from({ length: stages }, (_stage, index) => ({
    name: `stage ${index + 1}`,
    steps: Array.from(
      { length: Math.max(0, ...steps.map(([stage, step = 1]) => (stage === index + 1 ? step : 0))) },
      (_step, at) => stepByLog(observed, `${index + 1}/${at + 1}`, at + 1),
    ),
  }));
}

function scenarioOf(observed: Observed | undefined, recording: Recording): DroneScenario {
  const states = observed?.states.map(({ build }) => build).filter(({ stages }) => stages !== undefined) ?? [];
  const last = states.at(-1);
  if (observed === undefined || last?.stages === undefined)
    return { stages: stagesByLogs(observed), stream: 'as-measured' };
  return {
    stages: last.stages.map((stage) => stageOf(stage, states, observed)),
    cancel: wasLost(observed, recording) ? 'lost' : observed.conflict ? 'conflict-once' : 'honoured',
    stream: 'as-measured',
  };
}

/** A step that was cancelled has a log within moments; if not, either the cancel was lost or the runner had died. */
export function wasLost(observed: Observed, recording: Recording): boolean {
  if (hasLostRunner(recording)) return false;
  const killed = observed.states.find(({ build }) => build.status === 'killed');
  return (killed?.build.stages ?? []).some(({ number, steps = [] }) =>
    steps.some((step) => {
      const missing = observed.withoutLog.get(`${number}/${step.number}`);
      return step.status === 'killed' && missing !== undefined && missing >= (killed?.at ?? 0);
    }),
  );
}

function stageOf(stage: ObservedStage, states: readonly ObservedBuild[], observed: Observed): StageScenario {
  const before = states.flatMap(({ stages = [] }) => stages.find(({ number }) => number === stage.number) ?? []);
  const taken = before.some(({ machine }) => machine !== undefined);
  const blocked =
    before.some(({ status }) => status === 'blocked') ||
    ['*', String(stage.number)].some((one) => observed.decided.has(one));
  const { steps = [], depends_on: dependsOn, labels, name, type, os, arch, error } = stage;
  return {
    name,
    type,
    os,
    arch,
    blocked,
    onFailure: stage.on_failure,
    limit: stage.limit ?? 0,
    noRunner: !taken && !blocked && stage.status !== 'waiting_on_dependencies' && dependsOn === undefined,
    steps: steps.map((step) => ({
      ...stepOf(stage, step, steps, observed),
      ...(isAlongside(before, step.number) ? { alongside: true } : {}),
    })),
    ...(dependsOn === undefined ? {} : { dependsOn }),
    ...(labels === undefined ? {} : { labels }),
    // Of a stage that has steps, theirs is the error.
    ...(error === undefined || steps.length > 0 ? {} : { error }),
  };
}

const LIVED: ReadonlySet<string> = new Set(['running', 'success', 'failure', 'error', 'killed']);

/** Whether a step was seen to run, or to have run, while the one before it still did. */
function isAlongside(views: readonly ObservedStage[], number: number): boolean {
  return views.some(({ steps = [] }) => {
    const before = steps.find((step) => step.number === number - 1)?.status;
    const own = steps.find((step) => step.number === number)?.status ?? '';
    return (before === 'running' && LIVED.has(own)) || (before === 'killed' && own === 'killed');
  });
}

/** Of a cancel, 130 is the exit code; what the runner killed by itself has another (recording 34). */
function stepOf(
  stage: ObservedStage,
  step: ObservedStep,
  steps: readonly ObservedStep[],
  observed: Observed,
): StepScenario {
  const earlier = steps.filter(({ number }) => number < step.number);
  const afterFailure = earlier.some(({ status }) => status === 'failure' || status === 'killed');
  const lines = linesOf(observed.logs.get(`${stage.number}/${step.number}`));
  const endless = step.status === 'running' || (step.status === 'killed' && step.exit_code === 130);
  const ended = ['success', 'failure', 'error', 'killed'].includes(step.status) && !endless;
  const neverDue = step.status === 'skipped' && !afterFailure && step.exit_code === 0;
  return {
    name: step.name,
    lines,
    ...(endless ? { ms: Number.POSITIVE_INFINITY } : {}),
    ...(ended ? { status: step.status as 'success', exitCode: step.exit_code, onFailure: afterFailure } : {}),
    ...(neverDue ? { status: 'skipped' } : {}),
    ...(step.error === undefined ? {} : { error: step.error }),
    ...(step.errignore === true ? { ignoreFailure: true } : {}),
  };
}

/** One write for each entry. What was not recorded is filled in, so that the others keep their places. */
function linesOf(log: ReadonlyMap<number, string> | undefined): string[] {
  if (log === undefined) return [];
  const length = Math.max(...log.keys()) + 1;
  return Array.from({ length }, (_one, pos) => log.get(pos) ?? `this line was not recorded ${'.'.repeat(26)}\n`);
}

/** What made the recorded answer to a trigger, where the path and the rights alone do not. */
export function faultOf({ response, failed }: Exchange): Omit<Next, 'refreshFails'> {
  if (response === undefined)
    return { trigger: failed?.startsWith('client gave up') ? 'slow-before' : 'hang-up-before', slowMs: 60_000 };
  const { json, status } = response;
  const body = json as (ObservedBuild & { message?: string }) | null | undefined;
  const answered = (trigger: TriggerFault): Omit<Next, 'refreshFails'> => ({ trigger, slowMs: 1 });
  if (status === 200 && json === null) return answered('null');
  if (status === 200 && body?.status === 'error') return answered({ yamlError: body.error ?? '' });
  if (status === 200 && body === undefined) return answered('html');
  if (status === 500) return answered(body?.message === 'configuration: not found' ? 'config-empty' : 'config-missing');
  const said = body?.message ?? '';
  const ofDrone = said.startsWith('No commit found') || said.startsWith('sql:');
  return answered(status === 404 && !ofDrone ? { scm: said } : 'ok');
}

/** Whether a read was refused to somebody who may read there, as the rest of the recording shows: trap 3 of the recordings' README. */
export function isFailedRefresh(request: RecordedRequest, { status, json }: Seen, recording: Recording): boolean {
  const slug = slugOf(request.path);
  const said = (json as { message?: unknown } | null | undefined)?.message;
  if (request.method !== 'GET' || status !== 404 || said !== 'Not Found' || slug === undefined) return false;
  return recording.items.some(
    (item) =>
      item.kind !== 'note' &&
      item.request.as === request.as &&
      slugOf(item.request.path) === slug &&
      answersOf(item).some((answer) => answer.status === 200 && answer.json !== undefined),
  );
}
