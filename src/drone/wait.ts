// Waiting that can be cut short. Nothing here throws: a loop looks at its own conditions after every wait.

/** Resolves after `ms`, or as soon as `signal` is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Resolves when `signal` is aborted; never, if it never is. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * `work`, unless `signal` is aborted first: then its reason is thrown at once, and `stop` ends what is under way. That is
 * not left to `stop`: a request that Node takes for finished (after a 101, for example) tells nobody of its end.
 */
export function unless<T>(signal: AbortSignal, work: Promise<T>, stop: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = (): void => {
      reject(signal.reason as Error);
      stop();
    };
    const settle = (): void => signal.removeEventListener('abort', give);
    signal.addEventListener('abort', give, { once: true });
    work.then(resolve, reject).finally(settle);
    if (signal.aborted) give();
  });
}

/** A wait that somebody else can end. A ring that nobody waits for ends the next wait. */
export class Alarm {
  #ringing = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#ringing = true;
    this.#wake?.();
  }

  async wait(ms: number): Promise<void> {
    if (!this.#ringing)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    this.#wake = undefined;
    this.#ringing = false;
  }
}

/** Spreads callers that failed at the same moment: 75 to 125 % of `ms`. */
export const jitter = (ms: number): number => ms * (0.75 + Math.random() * 0.5);

/** Wait before try number `failures` + 1: doubles from `base` up to `max`, jittered. */
export const backoff = (failures: number, base: number, max = 30_000): number =>
  jitter(Math.min(base * 2 ** Math.min(failures, 10), Math.max(base, max)));
