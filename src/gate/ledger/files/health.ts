// Whether the disk serves, told once when that changes. Two parts, for they fail apart: on a full disk the holder still
// renews, and its renewals must not pass for good news about records.

import type { Failure } from '../../../protocol/index.ts';
import type { Logger } from '../../log.ts';

/** null: all is well. */
export type Report = (failure: Failure | null) => void;

export interface Health {
  readonly holder: Report;
  readonly records: Report;
  /** null, or why the last use of the disk failed, in one sentence. */
  readonly broken: () => string | null;
}

export function createHealth(log: Logger): Health {
  function part(): { readonly report: Report; readonly broken: () => string | null } {
    let broken: string | null = null;
    return {
      broken: () => broken,
      report(failure) {
        const message = failure?.message ?? null;
        if (message === broken) return;
        broken = message;
        if (failure === null) log.info('the ledger can be used again');
        else log.error({ err: failure }, 'the ledger cannot be used, so nothing is started');
      },
    };
  }
  const [holder, records] = [part(), part()];
  return { holder: holder.report, records: records.report, broken: () => holder.broken() ?? records.broken() };
}
