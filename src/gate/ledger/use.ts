// The rules for everybody who uses a ledger: only its holder does, who has lost it stops, and its errors are told as
// its errors.

import { Failure } from '../../protocol/index.ts';
import type { Ledger } from './ledger.ts';

/** Another gate holds the ledger, or this very record: whatever this gate was about to do is the other one's business. */
export const takenOver = (): Failure =>
  new Failure('gate-standby', 'this gate is a standby; another one is active', { status: 503 });

export const isTakenOver = (error: unknown): boolean => error instanceof Failure && error.code === 'gate-standby';

/** The epoch of this gate's turn. @throws {Failure} `gate-standby` */
export function heldEpoch(ledger: Ledger): number {
  const epoch = ledger.epoch();
  if (epoch === null) throw takenOver();
  return epoch;
}

/** @throws {Failure} `ledger-failed` */
export async function written<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new Failure('ledger-failed', 'the ledger cannot be used, so nothing is done', { cause });
  }
}
