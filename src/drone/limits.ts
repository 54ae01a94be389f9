// How long a build may be in which state. Nothing in Drone tells pending for a moment from pending for ever (recordings
// 63, 64), and a build whose runner died stays running for good (61), so each wait has a limit of its own.

import type { CellPhase } from '../protocol/index.ts';
import { type Build, isDone } from './answers.ts';
import type { Limit } from './verdict.ts';

export interface BuildLimits {
  readonly queue: number;
  readonly blocked: number;
  readonly run: number;
  /** Beyond the repository's time-out, how long a running build may give no sign. */
  readonly lost: number;
}

/** Where a build is. `blocked` is only on the stage: the build itself says `pending` (recording 23). */
export function phaseOf(build: Build): CellPhase {
  if (isDone(build)) return 'done';
  const stages = build.stages ?? [];
  const has = (status: string): boolean => stages.some((stage) => stage.status === status);
  if (has('running')) return 'running';
  if (has('blocked')) return 'blocked';
  // A second stage that nobody takes: the build is `running` and nothing runs (recording 64).
  if (has('pending')) return 'pending';
  return build.status === 'running' ? 'running' : 'pending';
}

/** What a runner changes: as long as it does, it lives. */
const signOf = (build: Build): string =>
  JSON.stringify([build.status, build.stages?.map((stage) => [stage.status, stage.steps?.map((step) => step.status)])]);

export class LimitClock {
  readonly #limits: BuildLimits;
  /** Milliseconds; 0: unknown. */
  readonly #timeout: number;
  #phase: CellPhase | undefined;
  #phaseSince = 0;
  #ranSince: number | undefined;
  #sign = '';
  #signAt = 0;

  constructor(limits: BuildLimits, timeoutMinutes: number) {
    this.#limits = limits;
    this.#timeout = timeoutMinutes * 60_000;
  }

  /** A line of the live log came. */
  sign(now: number): void {
    this.#signAt = now;
  }

  see(build: Build, now: number): void {
    const phase = phaseOf(build);
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#phaseSince = now;
    }
    if (phase === 'running') this.#ranSince ??= now;
    const sign = signOf(build);
    if (sign === this.#sign) return;
    this.#sign = sign;
    this.#signAt = now;
  }

  /** The limit that is over, if one is. */
  over(now: number): Limit | undefined {
    const { queue, blocked, run, lost } = this.#limits;
    const waited = now - this.#phaseSince;
    if (this.#phase === 'pending' && waited > queue) return 'queue';
    if (this.#phase === 'blocked' && waited > blocked) return 'blocked';
    // A runner that lives kills its stage at the time-out, so silence beyond it is nobody's.
    if (
      this.#phase === 'running' &&
      this.#timeout > 0 &&
      waited > this.#timeout + lost &&
      now - this.#signAt > this.#timeout + lost
    )
      return 'runner-lost';
    if (this.#ranSince !== undefined && now - this.#ranSince > run) return 'run';
    return undefined;
  }
}
