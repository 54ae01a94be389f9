// When to look next: after a while, or as soon as something has happened, but never without a pause.

export interface Pulse {
  /** Resolves when it is time. */
  next(): Promise<void>;
  readonly wake: () => void;
  /** @param ms resolves after this, or at the end */
  rest(ms: number): Promise<void>;
  /** Nobody waits any more. */
  end(): void;
}

/** @param most milliseconds between two looks @param least the same, whatever happens */
export function createPulse(most: number, least: number): Pulse {
  const waiting = new Set<() => void>();
  let ended = false;
  let woken = false;
  let onWake: (() => void) | null = null;

  const rest = (ms: number): Promise<void> =>
    new Promise((done) => {
      if (ended) return done();
      const timer = setTimeout(finish, ms);
      function finish(): void {
        clearTimeout(timer);
        waiting.delete(finish);
        done();
      }
      waiting.add(finish);
    });

  return {
    rest,
    async next() {
      await rest(Math.min(least, most));
      if (!woken && !ended)
        await Promise.race([rest(most - Math.min(least, most)), new Promise<void>((done) => (onWake = done))]);
      woken = false;
      onWake = null;
    },
    wake() {
      woken = true;
      onWake?.();
    },
    end() {
      ended = true;
      for (const finish of waiting) finish();
    },
  };
}
