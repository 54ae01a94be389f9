// Every wait and every bound of a ledger in a cluster. Lease times are DESIGN.md's (The gate).

import { Failure } from '../../../protocol/index.ts';

/** Milliseconds. */
export interface ClusterLedgerTiming {
  /** A holder that was not seen to renew for this long may be replaced. */
  readonly life: number;
  /** How often the holder renews, and how soon a renewal that failed is tried again. */
  readonly renew: number;
  readonly retry: number;
  /** A turn ends this long after its last renewal; well before `life`, so that two never act at once. */
  readonly stop: number;
  /** How often a standby looks. */
  readonly poll: number;
  /** One call, and all its tries together. */
  readonly call: number;
  readonly patience: number;
  /** How often old records are looked for. */
  readonly sweep: number;
  /** How long ended records, bindings and sessions are kept. */
  readonly kept: number;
}

export const defaultClusterLedgerTiming: ClusterLedgerTiming = {
  life: 15_000,
  renew: 5_000,
  retry: 1_000,
  stop: 10_000,
  poll: 1_000,
  call: 4_000,
  patience: 9_000,
  sweep: 600_000,
  kept: 7 * 24 * 3_600_000,
};

/** @throws {Failure} `ledger-failed`: with such times two gates could act at once, or none could stay the holder */
export function checkTiming({ life, renew, stop }: ClusterLedgerTiming): void {
  if (renew >= 1 && renew < stop && stop < life) return;
  throw new Failure(
    'ledger-failed',
    `the ledger's times must be renew < stop < life; they are ${renew} ms, ${stop} ms and ${life} ms`,
  );
}
