// A request id is made once a hook process. The same id again is the same process that asks again after a lost answer,
// so it must get the same task; with another body it is something else and refused (PROTOCOL.md, Calls).

import { createHash } from 'node:crypto';
import type { Ask } from '../../policy/index.ts';
import { Refusal } from '../../protocol/index.ts';
import type { LedgerRecord } from '../ledger/record.ts';

/** SHA-256 over what is asked for; tokens differ with every try and are no part of it. */
export function bodyHash({ task, params, build, target }: Ask): string {
  const sorted = Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([task, sorted, build ?? null, target ?? null]))
    .digest('hex');
}

/** @throws {Refusal} `request-changed` (409) */
export function checkSameBody(record: LedgerRecord, body: string): void {
  if (record.body === body) return;
  throw new Refusal({
    code: 'request-changed',
    rule: 'request',
    message: 'this request id was used before to ask for something else',
    fix: 'use a new request id for a new request',
    status: 409,
  });
}
