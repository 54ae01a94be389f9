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
/** Encoded. The events that a gate keeps and repeats stay far below what one event may have. */
const maxBytes = 1_000_000;
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
  ref: options.redact(build.ref).slice(0, 512),
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

function stageStates(build: Build, most: number, options: SnapshotOptions): readonly StageState[] {
  let left = most;
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

const fits = (stages: readonly StageState[]): boolean => Buffer.byteLength(JSON.stringify(stages)) <= maxBytes;

/** The stages, without what would make the snapshot too large, and a sentence on what is left out. */
function bounded(build: Build, options: SnapshotOptions): readonly [readonly StageState[], string | undefined] {
  const whole = stageStates(build, maxSteps, options);
  const all = (build.stages ?? []).flatMap((stage) => stage.steps ?? []).length;
  const shown = (stages: readonly StageState[]): number => stages.flatMap((stage) => stage.steps).length;
  const partly = (stages: readonly StageState[]): string | undefined =>
    shown(stages) < all ? `This build has ${all} steps, of which ${shown(stages)} are shown` : undefined;
  if (fits(whole)) return [whole, partly(whole)];
  const plain = { ...options, errors: false };
  for (let most = maxSteps; ; most = Math.floor(most / 2)) {
    const stages = stageStates(build, most, plain);
    if (most > 0 && !fits(stages)) continue;
    const without = "Drone's error texts are too long to be shown";
    return [stages, [without, partly(stages)].filter((text) => text !== undefined).join('. ')];
  }
}

export function snapshotOf(
  build: Build,
  phase: CellPhase,
  note: string | undefined,
  options: SnapshotOptions,
): Snapshot {
  const [stages, left] = bounded(build, options);
  const notes = [note, left].filter((text) => text !== undefined).join('. ');
  return { phase, build: buildState(build, options), stages, ...(notes === '' ? {} : { note: notes }) };
}
