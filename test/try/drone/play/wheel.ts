// Time stands still for the simulated builds until the wheel is turned: so each state of a build can be looked at, and no
// comparison depends on how fast the machine is.

import { setImmediate as soon, setTimeout as sleep } from 'node:timers/promises';
import type { Wait } from '../../../../src/try/drone/index.ts';

interface Waiting {
  readonly build: string;
  /** `stage` or `stage/step`; empty: the build itself. */
  readonly part: string;
  readonly go: () => void;
}

/** How long the runner may take to come to its next wait; it usually takes a turn of the event loop. */
const PATIENCE_MS = 1000;

export class Wheel {
  readonly #waiting: Waiting[] = [];
  /** Builds of which a stage waits for what time does not bring. */
  readonly #stuck = new Set<string>();

  readonly wait: Wait = (ms, { slug, number, stage, step }, signal) =>
    new Promise((resolve, reject) => {
      const build = `${slug}#${number}`;
      const stop = (): void => reject(new Error('stopped'));
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      const go = (): void => {
        signal.removeEventListener('abort', stop);
        resolve();
      };
      if (ms === Number.POSITIVE_INFINITY) this.#stuck.add(build);
      else this.#waiting.push({ build, part: [stage, step].filter((one) => one !== undefined).join('/'), go });
    });

  /**
   * One step of the build's life; false: it has ended, or waits for something else than time. `late`: the parts
   * (`stage`, `stage/step`) that are behind the others, and go first.
   */
  async turn(slug: string, number: number, late: ReadonlySet<string> = new Set()): Promise<boolean> {
    const name = `${slug}#${number}`;
    for (let tried = 0; tried < PATIENCE_MS / 5; tried += 1) {
      const behind = this.#waiting.findIndex(({ build, part }) => build === name && late.has(part));
      const index = behind >= 0 ? behind : this.#waiting.findIndex(({ build }) => build === name);
      if (index >= 0) {
        this.#waiting.splice(index, 1)[0]?.go();
        await soon();
        await soon();
        return true;
      }
      if (this.#stuck.has(name) && tried > 1) return false;
      await sleep(5);
    }
    return false;
  }
}
