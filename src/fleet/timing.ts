// Every wait of the fleet in one place. All can be set.

import type { BackoffTiming } from './backoff.ts';
import type { PlanTiming } from './plan.ts';

/** Milliseconds. */
export interface FleetTiming extends Omit<PlanTiming, 'deadline'> {
  /** Between two looks at the engine, and the pause that there is between any two. */
  readonly look: number;
  readonly pause: number;
  /** Between two looks at GitHub's list of runners. */
  readonly list: number;
  /** A runner younger than this need not be in that list yet. */
  readonly listed: number;
  /** A runner that ends sooner than this without a job is not right. */
  readonly quick: number;
  /** One call of GitHub. */
  readonly call: number;
  /** After trouble with GitHub or the engine, and after runners that ended at once. */
  readonly backoff: BackoffTiming;
  /** A clean stop. Docker kills a container 10 s after it told it to end. */
  readonly stop: number;
}

export const defaultFleetTiming: FleetTiming = {
  look: 1_000,
  pause: 50,
  list: 60_000,
  listed: 30_000,
  afterJob: 60_000,
  missing: 60_000,
  quick: 10_000,
  call: 15_000,
  backoff: { first: 1_000, most: 300_000 },
  stop: 8_000,
};
