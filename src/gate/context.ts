// What every part of the gate works with.

import type { Policy } from '../policy/index.ts';
import type { Audit } from './audit.ts';
import type { TrackedCells } from './cells/orphans.ts';
import type { Prover } from './identity/prover.ts';
import type { RunnerIdentity } from './identity/runner.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Logger } from './log.ts';
import type { SelfTest } from './self-test/self-test.ts';
import type { Bounds, Clock, Timing } from './timing.ts';

/** What a session tells of its runner: a job has begun on it, or has ended. */
export type RunnerSeen = (runner: RunnerIdentity, seen: 'busy' | 'done') => void;

export interface Context {
  /** May be a newer one at each look; see live-policy.ts. */
  readonly policy: Policy;
  readonly ledger: Ledger;
  readonly audit: Audit;
  readonly cells: TrackedCells;
  readonly log: Logger;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly bounds: Bounds;
  readonly prover: Prover;
  readonly selfTest: SelfTest;
  readonly runnerSeen: RunnerSeen;
}
