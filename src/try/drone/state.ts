// All that the simulated Drone knows: users, repositories, builds, and the means by which builds go on.

import { EventHub } from './event-hub.ts';
import type { SimulatedDroneOptions, SimulatedRepository } from './options.ts';
import {
  type BuildRecord,
  type RepositoryRecord,
  type StageRecord,
  type StepRecord,
  type UserRecord,
  unixSeconds,
} from './records.ts';
import { realTime, type Wait } from './wait.ts';

/** Older builds are forgotten: a test that makes more than this is not about their list. */
const BUILDS_KEPT = 2000;

/** The queue that an administrator may pause (recording 63). */
export class Queue {
  #resumed: Promise<void> | undefined;
  #resume = (): void => undefined;

  pause(): void {
    this.#resumed ??= new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  resume(): void {
    this.#resume();
    this.#resumed = undefined;
  }

  /** Resolves while the queue is not paused. */
  async open(): Promise<void> {
    while (this.#resumed !== undefined) await this.#resumed;
  }
}

export class DroneState {
  readonly users: readonly UserRecord[];
  readonly repositories: ReadonlyMap<string, RepositoryRecord>;
  readonly events: EventHub;
  readonly queue = new Queue();
  readonly pingMs: number;
  readonly slowReaderMs: number;
  readonly #timeScale: number;
  readonly #wait: Wait;
  readonly #ids = { build: 0, stage: 0, step: 0 };

  constructor(options: SimulatedDroneOptions) {
    const created = unixSeconds();
    this.users = options.users.map((user, index) => ({ ...user, id: index + 1, created }));
    this.repositories = new Map(
      options.repositories.map((repository, index) => [repository.slug, newRepository(repository, index + 1, created)]),
    );
    this.pingMs = options.pingMs ?? 30_000;
    this.slowReaderMs = options.slowReaderMs ?? 5000;
    this.events = new EventHub(this.pingMs);
    this.#timeScale = options.timeScale ?? 1;
    this.#wait = options.wait ?? realTime;
  }

  nextId(kind: 'build' | 'stage' | 'step'): number {
    this.#ids[kind] += 1;
    return this.#ids[kind];
  }

  repository(slug: string): RepositoryRecord {
    const found = this.repositories.get(slug);
    if (found === undefined) throw new Error(`the simulated Drone has no repository ${slug}`);
    return found;
  }

  /** Milliseconds of a scenario in milliseconds of the clock. */
  scaled(ms: number): number {
    // Infinity at scale 0 would be no number.
    return ms === Number.POSITIVE_INFINITY ? ms : ms * this.#timeScale;
  }

  /** Rejects when the runner stops working on the build. */
  wait(build: BuildRecord, ms: number, phase: string, stage?: StageRecord, step?: StepRecord): Promise<void> {
    const where = {
      ...(stage === undefined ? {} : { stage: stage.number }),
      ...(step === undefined ? {} : { step: step.number }),
    };
    const about = { slug: build.repository.slug, number: build.number, ...where, phase };
    return this.#wait(this.scaled(ms), about, build.work.signal);
  }

  add(build: BuildRecord): void {
    const { builds } = build.repository;
    builds.push(build);
    if (builds.length > BUILDS_KEPT) builds.shift()?.work.abort();
  }

  *builds(): Iterable<BuildRecord> {
    for (const repository of this.repositories.values()) yield* repository.builds;
  }
}

function newRepository(options: SimulatedRepository, id: number, created: number): RepositoryRecord {
  const [owner, name, ...rest] = options.slug.split('/');
  if (!owner || !name || rest.length > 0) throw new Error(`a repository is called owner/name, not ${options.slug}`);
  const { counter = 0 } = options;
  const enabled = options.neverEnabled !== true;
  const active = enabled && options.active !== false;
  // As Drone counts: 1 synced, 2 enabled, one more for each change and each build (recordings 01, 10 and 16).
  const changed = Number(enabled && !active) + Number(options.protected === true);
  return {
    id,
    options,
    slug: options.slug,
    owner,
    name,
    created,
    active,
    enabled,
    protected: options.protected === true,
    timeout: options.timeout ?? 60,
    counter,
    version: options.version ?? 1 + Number(enabled) + changed + counter,
    triggers: 0,
    builds: [],
  };
}
