// What every part of the gate works with.

import type { Policy } from '../policy/index.ts';
import type { Audit } from './audit.ts';
import type { CellEngine } from './cells/engine.ts';
import type { Prover } from './identity/prover.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Logger } from './log.ts';
import type { Bounds, Clock, Timing } from './timing.ts';

export interface Context {
  readonly policy: Policy;
  readonly ledger: Ledger;
  readonly audit: Audit;
  readonly cells: CellEngine;
  readonly log: Logger;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly bounds: Bounds;
  readonly prover: Prover;
}
