// The durable memory of what was started. Every change is a compare-and-swap that comes before the order, cancel or
// delete that it describes, so that no crash makes a second build (DESIGN.md, The gate; PROTOCOL.md, Ledger).

import type { LedgerRecord } from './record.ts';
import type { SessionRecords } from './session-record.ts';

/**
 * What stands in a slot. A record that cannot be read counts as "started, unknown": its slot is taken for ever. Whose it
 * is stands in its name (`job`: `jobKeyText`), why it cannot be read in `unreadable`.
 */
export type Stored =
  | { readonly record: LedgerRecord }
  | { readonly unreadable: string; readonly job: string; readonly slot: number };

/** Every field narrows; absent: all. */
export interface LedgerFilter {
  /** A job's key as text (`jobKey`). */
  readonly job?: string;
  readonly repositoryId?: string;
  readonly runId?: string;
}

export interface Ledger extends SessionRecords {
  /** Of this gate's turn as the holder; null: another gate holds the ledger, this one is a standby. */
  epoch(): number | null;
  /** Creates a slot's first record (`rev` 1). @returns false: the slot is taken */
  create(record: LedgerRecord): Promise<boolean>;
  /**
   * Replaces revision `next.rev - 1`. @returns false: somebody else changed the record, or a newer epoch holds it;
   * whoever loses stops touching the task
   */
  swap(next: LedgerRecord): Promise<boolean>;
  read(job: string, slot: number): Promise<Stored | null>;
  list(filter: LedgerFilter): Promise<readonly Stored[]>;
  /** Binds a runner identity to the first job that it proves. @returns the job it is bound to, for ever */
  bind(runner: string, job: string): Promise<string>;
}
