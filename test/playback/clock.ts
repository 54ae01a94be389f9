// The recording's clock: it stands still until the client's trigger, then goes on scaled, and waits for the client where
// the recording goes on only after something that the client does.

import { setTimeout as sleep } from 'node:timers/promises';

/** How often somebody who waits for a clock that stands still looks at it. */
const glanceMs = 10;

export class PlayClock {
  /** Seconds of the recording to seconds of the test. */
  readonly #scale: number;
  readonly #begin: number;
  #offset: number | undefined;
  #limit = Number.POSITIVE_INFINITY;

  constructor(scale: number, begin: number) {
    this.#scale = scale;
    this.#begin = begin;
  }

  /** Seconds of the recording. */
  now(): number {
    if (this.#offset === undefined) return this.#begin;
    return Math.min(this.#limit, performance.now() / 1000 / this.#scale + this.#offset);
  }

  /** From now on it goes; a second call changes nothing. */
  start(): void {
    this.#offset ??= this.#begin - performance.now() / 1000 / this.#scale;
  }

  /** It does not go beyond `at` until it is released. */
  hold(at: number): void {
    this.#limit = at;
  }

  /** What it waited for has happened: it goes on from there, sooner or later than recorded. */
  release(): void {
    if (this.#limit === Number.POSITIVE_INFINITY) return;
    this.#offset = this.#limit - performance.now() / 1000 / this.#scale;
    this.#limit = Number.POSITIVE_INFINITY;
  }

  /** Resolves when it shows `at`, or `given up` says true. */
  async until(at: number, givenUp: () => boolean = () => false): Promise<void> {
    for (let left = at - this.now(); left > 0 && !givenUp(); left = at - this.now()) {
      const ms = Number.isFinite(left) ? left * this.#scale * 1000 : glanceMs;
      await sleep(Math.min(Math.max(ms, 1), this.#held(at) ? glanceMs : 100));
    }
  }

  #held(at: number): boolean {
    return this.#offset === undefined || at > this.#limit;
  }
}
