// Every wait and every bound of a ledger in files. Lease times are those of a Kubernetes Lease (DESIGN.md, The gate).

import { Failure } from '../../../protocol/index.ts';

/** Milliseconds. */
export interface FileLedgerTiming {
  /** A holder that was not seen to renew for this long may be replaced. */
  readonly life: number;
  /** How often the holder renews, and how soon a renewal that failed is tried again. */
  readonly renew: number;
  readonly retry: number;
  /** A turn ends this long after its last renewal; well before `life`, so that two never act at once. */
  readonly stop: number;
  /** How often a standby looks. */
  readonly poll: number;
  /** One call to the file system. */
  readonly call: number;
  /** How often old records are looked for. */
  readonly sweep: number;
  /** How long ended records, bindings and sessions are kept. */
  readonly kept: number;
}

export interface FileLedgerBounds {
  /** Records that one sweep looks at, of each kind. */
  readonly sweep: number;
  /** Parsed records that stay in memory; others are read again. */
  readonly cached: number;
}

export const defaultFileLedgerTiming: FileLedgerTiming = {
  life: 15_000,
  renew: 5_000,
  retry: 1_000,
  stop: 10_000,
  poll: 1_000,
  call: 10_000,
  sweep: 600_000,
  kept: 7 * 24 * 3_600_000,
};

export const defaultFileLedgerBounds: FileLedgerBounds = { sweep: 1_000, cached: 10_000 };

/** What a timer takes: one that is longer fires at once. */
const longest = 2 ** 31 - 1;

/** @throws {Failure} `ledger-failed`: with such times two gates could act at once, or none could stay the holder */
export function checkTiming({ kept, ...timers }: FileLedgerTiming): void {
  const { life, renew, stop } = timers;
  if (Object.values({ ...timers, kept: Math.min(kept, longest) }).some((ms) => !(ms >= 1 && ms <= longest)))
    throw new Failure('ledger-failed', `each of the ledger's times must be 1 to ${longest} ms`);
  if (renew < stop && stop < life) return;
  throw new Failure(
    'ledger-failed',
    `the ledger's times must be renew < stop < life; they are ${renew} ms, ${stop} ms and ${life} ms`,
  );
}
