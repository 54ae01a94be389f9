// The limit of one connection. Not AbortSignal.timeout within AbortSignal.any: Node 20 holds what they are made of only
// weakly, so that a garbage collection takes the limit away (measured with 20.20.2). Here the timer holds all of it.

export interface Deadline {
  readonly signal: AbortSignal;
  readonly timer: NodeJS.Timeout;
  /** Lets go of `over`. */
  readonly end: () => void;
}

/** Aborted after `ms`, or with `over`. */
export function deadline(over: AbortSignal, ms: number): Deadline {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, ms);
  over.addEventListener('abort', abort);
  if (over.aborted) abort();
  return {
    signal: controller.signal,
    timer,
    end() {
      clearTimeout(timer);
      over.removeEventListener('abort', abort);
    },
  };
}
