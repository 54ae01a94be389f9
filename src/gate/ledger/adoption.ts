// What a gate that has just become the holder does with each slot of the ledger and each cell that it finds. Pure, so
// that every combination can be tested before any engine exists (PROTOCOL.md, Ledger).

import type { Stored } from './ledger.ts';
import type { LedgerRecord } from './record.ts';

/** Cells that may replace lost ones of one task (DESIGN.md, The cell). */
export const maxRecoveries = 3;

export type Adoption =
  /** Nothing to do. */
  | { readonly do: 'nothing' }
  /** Attach and resume; `cancel`: and send the cancel again, for it may never have arrived. */
  | { readonly do: 'adopt'; readonly cancel: boolean }
  /** A new cell finds the build by its nonce (and number) and follows or cancels it. */
  | { readonly do: 'recover'; readonly cancel: boolean }
  /** No order ever left: the task may wait again; a cell that is there is deleted. */
  | { readonly do: 'requeue' }
  /** The cell belongs to nobody who needs it. */
  | { readonly do: 'delete' }
  /** The same, as soon as the job has brought its token again. */
  | { readonly do: 'await-token'; readonly cancel: boolean }
  /** The task ends with the verdict `unknown`; a cell that is there is deleted. */
  | { readonly do: 'end-unknown' };

export interface Found {
  readonly stored: Stored | null;
  /** What the engine shows under the record's cell id. */
  readonly cell: 'running' | 'ended' | 'none';
  /** False: the Drone token came from the workflow and is gone with the old gate's memory. */
  readonly tokenAtHand: boolean;
}

function ofRecord(record: LedgerRecord, { cell, tokenAtHand }: Found): Adoption {
  const { phase, recoveries } = record;
  if (phase === 'ended') return { do: cell === 'none' ? 'nothing' : 'delete' };
  // "ordered" is written before the order leaves, so before it nothing was ordered.
  if (phase === 'waiting' || phase === 'starting') return { do: 'requeue' };
  const cancel = phase === 'cancelling';
  if (cell === 'running') return { do: 'adopt', cancel };
  if (recoveries >= maxRecoveries) return { do: 'end-unknown' };
  return { do: tokenAtHand ? 'recover' : 'await-token', cancel };
}

export function adoption(found: Found): Adoption {
  const { stored, cell } = found;
  if (stored === null) return { do: cell === 'none' ? 'nothing' : 'delete' };
  if ('unreadable' in stored) return { do: 'end-unknown' };
  return ofRecord(stored.record, found);
}
