// One task's record, changed by one thing after the other: each is written to the ledger before anybody acts on it.

import type { Ledger } from '../ledger/ledger.ts';
import { type Action, type Seen, step } from '../ledger/machine.ts';
import type { LedgerRecord } from '../ledger/record.ts';
import { heldEpoch, takenOver, written } from '../ledger/use.ts';
import { createTurnstile } from '../limit.ts';
import type { Clock } from '../timing.ts';

export interface Journal {
  record(): LedgerRecord;
  /**
   * What to do now that the ledger says so.
   * @throws {Failure} `ledger-failed`: nothing was written, so nothing may be done; `gate-standby`: another gate has the
   * task, so this one must not touch its cell any more
   */
  apply(seen: Seen): Promise<readonly Action[]>;
}

export function createJournal(first: LedgerRecord, ledger: Ledger, clock: Clock): Journal {
  let record = first;
  const inTurn = createTurnstile();
  return {
    record: () => record,
    apply: (seen) =>
      inTurn(async () => {
        const next = step(record, seen, clock.now());
        if (next.record === record) return next.actions;
        const stamped = { ...next.record, epoch: heldEpoch(ledger) };
        if (!(await written(ledger.swap(stamped)))) throw takenOver();
        record = stamped;
        return next.actions;
      }),
  };
}
