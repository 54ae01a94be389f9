// The gate's inside, apart from any transport: who asks (identity), what the policy says, what was started (ledger), and
// the only way to a cell (DESIGN.md, The gate).

import type { Logger } from 'pino';
import type { Policy } from '../policy/index.ts';
import type { Audit } from './audit.ts';
import type { CellEngine } from './cells/engine.ts';
import type { RunnerIdentity } from './identity/runner.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Call, Reply } from './reply.ts';
import type { Bounds, Clock, Timing } from './timing.ts';

export interface GateOptions {
  readonly policy: Policy;
  readonly ledger: Ledger;
  readonly audit: Audit;
  readonly cells: CellEngine;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
  /** What is left out keeps its default (`defaultTiming`, `defaultBounds`). */
  readonly timing?: Partial<Timing> | undefined;
  readonly bounds?: Partial<Bounds> | undefined;
}

export interface Gate {
  /** Answers one call of one runner. Never throws and never rejects: what goes wrong is an answer. */
  handle(runner: RunnerIdentity, call: Call): Promise<Reply>;
  /** Empty: calls are taken and cells can be started; else one sentence for each reason why not. */
  notReady(): readonly string[];
  /** "This node goes": takes no more calls, ends event streams, leaves cells that can outlive the gate. Bounded. */
  stop(): Promise<void>;
}
