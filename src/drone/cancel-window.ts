// When Drone's runner hears a cancel: it asks for 30 s and then sleeps 10 s, in turns from the start of its stage, and a
// DELETE that falls into the sleep is lost (recordings 38, 62: 6 of 24, exactly those 30 to 40 s and 70 to 80 s after
// the start). So the moment of the DELETE is chosen by the age of every running stage.

import type { Build } from './answers.ts';

export interface Window {
  /** All in milliseconds. */
  readonly cycle: number;
  readonly from: number;
  readonly to: number;
  /** From here on the runner sleeps. */
  readonly deaf: number;
}

export const droneWindow: Window = { cycle: 40_000, from: 1000, to: 28_000, deaf: 30_000 };

/** The stage began between `earliest` and `latest`, by our clock. */
interface Start {
  readonly earliest: number;
  readonly latest: number;
}

function isSafe({ earliest, latest }: Start, at: number, window: Window): boolean {
  const width = latest - earliest;
  const phase = (((at - latest) % window.cycle) + window.cycle) % window.cycle;
  return phase >= window.from && phase <= window.to && phase + width <= window.deaf;
}

/** Milliseconds from `at` to the next moment in which `start` is safe. */
function untilSafe(start: Start, at: number, window: Window): number {
  if (isSafe(start, at, window)) return 0;
  const phase = (((at - start.latest) % window.cycle) + window.cycle) % window.cycle;
  return phase < window.from ? window.from - phase : window.cycle - phase + window.from;
}

export class StageClock {
  readonly #window: Window;
  readonly #starts = new Map<number, Start>();
  #looked: number | undefined;

  constructor(window: Window = droneWindow) {
    this.#window = window;
  }

  /**
   * Notes which stages run. `started` is whole seconds of the runner's clock, so what was seen between two looks is
   * better; only for a stage that runs at the first look there is nothing else.
   */
  see(build: Build, now: number): void {
    for (const stage of build.stages ?? []) {
      if (stage.status !== 'running' || this.#starts.has(stage.number)) continue;
      const told = stage.started * 1000;
      const plausible = told > now - 86_400_000 && told <= now + 5000;
      this.#starts.set(
        stage.number,
        this.#looked !== undefined
          ? { earliest: this.#looked, latest: now }
          : plausible
            ? { earliest: told, latest: Math.min(now, told + 1000) }
            : { earliest: now, latest: now },
      );
    }
    this.#looked = now;
  }

  /** Milliseconds to wait until the runners of all running stages listen; of most, if there is no such moment. */
  delay(build: Build, now: number): number {
    const starts = (build.stages ?? [])
      .filter((stage) => stage.status === 'running')
      .map((stage) => this.#starts.get(stage.number))
      .filter((start) => start !== undefined);
    const moments = [0, ...starts.map((start) => untilSafe(start, now, this.#window))].toSorted((a, b) => a - b);
    const heard = (wait: number): number => starts.filter((start) => isSafe(start, now + wait, this.#window)).length;
    const best = Math.max(...moments.map(heard));
    return moments.find((wait) => heard(wait) === best) ?? 0;
  }
}
