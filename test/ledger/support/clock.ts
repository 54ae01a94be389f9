import type { Clock } from '../../../src/gate/index.ts';

export interface TestClock extends Clock {
  pass(ms: number): void;
  /** The wall clock alone. */
  step(ms: number): void;
}

/** Wall and monotonic time that only the test moves. */
export function testClock(): TestClock {
  let [wall, steady] = [1_700_000_000_000, 1_000];
  return {
    now: () => wall,
    monotonic: () => steady,
    pass: (ms) => {
      wall += ms;
      steady += ms;
    },
    step: (ms) => {
      wall += ms;
    },
  };
}
