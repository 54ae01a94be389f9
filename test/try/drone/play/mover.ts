// Moves the simulated builds to where the recorded ones were.

import type { SimulatedBuild, SimulatedDrone } from '../../../../src/try/drone/index.ts';
import { differences } from './compare.ts';
import { normalJson } from './normalise.ts';
import type { ObservedBuild, ObservedStage } from './observed.ts';
import { numberOf, slugOf } from './recording.ts';
import type { Seen } from './report.ts';
import type { Wheel } from './wheel.ts';

/** Status of each build of a list. */
function listed(json: unknown): Map<number, string> {
  const builds = Array.isArray(json) ? (json as ObservedBuild[]) : [];
  return new Map(builds.map(({ number, status }) => [number, status]));
}

const isElsewhere = (recorded: unknown, simulated: unknown): boolean =>
  differences(normalJson(recorded), normalJson(simulated)).length > 0;

/** Stages and steps that are not yet where the recorded ones were: several run at once, each at a pace of its own. */
function lateParts(recorded: unknown, simulated: unknown): ReadonlySet<string> {
  const late = new Set<string>();
  for (const stage of stagesOf(recorded)) {
    const now = stagesOf(simulated).find(({ number }) => number === stage.number);
    if (isElsewhere(stage, now)) late.add(String(stage.number));
    for (const step of stage.steps ?? []) {
      const same = now?.steps?.find(({ number }) => number === step.number);
      if (isElsewhere(step, same)) late.add(`${stage.number}/${step.number}`);
    }
  }
  return late;
}

function stagesOf(json: unknown): readonly ObservedStage[] {
  return (json as Partial<ObservedBuild> | null | undefined)?.stages ?? [];
}

export class Mover {
  readonly #drone: SimulatedDrone;
  readonly #wheel: Wheel;

  constructor(drone: SimulatedDrone, wheel: Wheel) {
    this.#drone = drone;
    this.#wheel = wheel;
  }

  /** One step of what the path is about: its build, or the builds of the list that are not yet where they were. */
  async step(path: string, recorded: Seen, answer: Seen): Promise<boolean> {
    const slug = slugOf(path);
    const number = numberOf(path);
    if (slug === undefined) return false;
    if (number !== undefined) return this.#turn(slug, [number], lateParts(recorded.json, answer.json));
    const now = listed(answer.json);
    const late = [...listed(recorded.json)].filter(([one, status]) => now.get(one) !== status);
    return this.#turn(
      slug,
      late.map(([one]) => one),
    );
  }

  /** One step of every build of a repository. */
  all(slug: string): Promise<boolean> {
    return this.#turn(
      slug,
      this.#drone.builds(slug).map(({ number }) => number),
    );
  }

  /** One step of the build of a path; of the step that the path of a live log names, if it can go on. */
  one(path: string): Promise<boolean> {
    const part = /\/(\d+)\/(\d+)$/.exec(path.startsWith('/api/stream/') ? path : '');
    return this.#turn(slugOf(path) ?? '', [numberOf(path) ?? 0], new Set([part?.[0].slice(1) ?? '']));
  }

  /** Whether the process of the step that a stream's path names lives. */
  isAlive(path: string): boolean {
    return this.#step(path)?.alive === true;
  }

  /** How many log entries the step that a stream's path names has so far. */
  entriesOf(path: string): number {
    return this.#step(path)?.entries ?? 0;
  }

  /**
   * To where the cancel with this answer found the build: what it killed was running, what had ended had ended. `turns`: how far
   * a running step goes on from its start; Infinity: until it has printed everything.
   */
  async beforeCancel(path: string, answer: ObservedBuild, turns: number): Promise<void> {
    while (!this.#isBefore(path, answer)) if (!(await this.one(path))) return;
    const killed = (answer.stages ?? []).some(({ steps = [] }) => steps.some(({ status }) => status === 'killed'));
    if (!killed) return;
    for (let turn = 0; turn < turns; turn += 1) if (!(await this.one(path))) return;
  }

  #isBefore(path: string, answer: ObservedBuild): boolean {
    const build = this.#build(slugOf(path) ?? '', numberOf(path) ?? 0);
    if (answer.status !== 'killed' && build?.status !== answer.status) return false;
    return (answer.stages ?? []).every(({ status, steps = [] }, index) => {
      const stage = build?.stages[index];
      const reached = steps.every((step, at) => {
        const is = stage?.steps[at]?.status;
        if (step.status === 'killed') return is === 'running' || is === 'killed';
        return step.status === 'skipped' || step.status === is;
      });
      return reached && (status === 'killed' || status === 'skipped' || stage?.status === status);
    });
  }

  async #turn(slug: string, numbers: readonly number[], late?: ReadonlySet<string>): Promise<boolean> {
    let turned = false;
    for (const number of numbers) {
      if (!this.#isOver(slug, number)) turned = (await this.#wheel.turn(slug, number, late)) || turned;
    }
    return turned;
  }

  #step(path: string): SimulatedBuild['stages'][number]['steps'][number] | undefined {
    const [stage, step] = path.split('/').slice(-2).map(Number);
    const stages = this.#build(slugOf(path) ?? '', numberOf(path) ?? 0)?.stages ?? [];
    return stages.find(({ number }) => number === stage)?.steps.find(({ number }) => number === step);
  }

  #build(slug: string, number: number): SimulatedBuild | undefined {
    return this.#drone.builds(slug).find((one) => one.number === number);
  }

  /** Nothing will happen to it any more; the step of a lost cancel goes on after its build's end. */
  #isOver(slug: string, number: number): boolean {
    const build = this.#build(slug, number);
    if (build === undefined) return true;
    const alive = build.stages.some(({ steps }) => steps.some((step) => step.alive));
    return !alive && !['pending', 'running'].includes(build.status);
  }
}
