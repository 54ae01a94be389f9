// A build as the author sees it. Everything foreign is redacted and bounded: an event has a limit (protocol/event.ts),
// and at the level `status` Drone's error texts stay behind with the log.

import type { Build, Stage, Step } from '../drone/index.ts';
import type { BuildState, CellPhase, StageState, StepState } from '../protocol/event.ts';
import type { OrderDrone } from '../protocol/order.ts';
import type { Snapshot } from './output.ts';

export interface SnapshotOptions {
  /** Address of the build's page; empty when it is hidden. */
  readonly url: (number: number) => string;
  readonly redact: (line: string) => string;
  readonly errors: boolean;
}

const maxStages = 200;
const maxSteps = 2000;
const maxName = 200;
const maxError = 500;

/** `<publicUrl or server>/<owner>/<name>/<number>`; `hidden`: no address at all. */
export function buildUrl({ server, publicUrl }: OrderDrone, repository: string): (number: number) => string {
  if (publicUrl === 'hidden') return () => '';
  const base = (publicUrl ?? server).replace(/\/+$/, '');
  return (number) => `${base}/${repository}/${number}`;
}

export const buildState = (build: Build, options: SnapshotOptions): BuildState => ({
  number: build.number,
  url: options.url(build.number),
  status: build.status,
  commit: build.after.slice(0, 64),
  ref: build.ref.slice(0, 512),
});

function errorOf(item: Stage | Step, { errors, redact }: SnapshotOptions): { error?: string } {
  return errors && item.error ? { error: redact(item.error).slice(0, maxError) } : {};
}

const stepState = (step: Step, options: SnapshotOptions): StepState => ({
  number: step.number,
  name: options.redact(step.name).slice(0, maxName),
  status: step.status,
  exitCode: step.exit_code,
  started: step.started ?? 0,
  stopped: step.stopped ?? 0,
  ...errorOf(step, options),
});

function stageStates(build: Build, options: SnapshotOptions): readonly StageState[] {
  let left = maxSteps;
  return (build.stages ?? []).slice(0, maxStages).map((stage) => {
    const steps = (stage.steps ?? []).slice(0, Math.min(1000, left));
    left -= steps.length;
    return {
      number: stage.number,
      name: options.redact(stage.name).slice(0, maxName),
      status: stage.status,
      started: stage.started,
      stopped: stage.stopped,
      ...errorOf(stage, options),
      steps: steps.map((step) => stepState(step, options)),
    };
  });
}

export function snapshotOf(
  build: Build,
  phase: CellPhase,
  note: string | undefined,
  options: SnapshotOptions,
): Snapshot {
  return {
    phase,
    build: buildState(build, options),
    stages: stageStates(build, options),
    ...(note === undefined ? {} : { note }),
  };
}
