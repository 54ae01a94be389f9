// The ledger of a gate whose cells do not outlive it: in memory, with the same rules as the durable ones. Records are
// kept for as long as limits count them and a job can come back.

import { jobKeyText } from './key.ts';
import type { Ledger, LedgerFilter, Stored } from './ledger.ts';
import type { LedgerRecord } from './record.ts';
import type { SessionRecord } from './session-record.ts';

/** DESIGN.md, The gate: kept 7 days. */
const kept = 7 * 24 * 3_600_000;

const nameOf = ({ key, slot }: LedgerRecord): string => `${jobKeyText(key)}#${slot}`;

function fits({ key }: LedgerRecord, { job, repositoryId, runId }: LedgerFilter): boolean {
  if (job !== undefined && jobKeyText(key) !== job) return false;
  if (repositoryId !== undefined && key.repositoryId !== repositoryId) return false;
  return runId === undefined || key.runId === runId;
}

export function memoryLedger(now: () => number = Date.now): Ledger {
  // Grouped by repository, since every question but one names it; in the order of creation.
  const repositories = new Map<string, Map<string, LedgerRecord>>();
  const open = new Map<string, SessionRecord>();
  const bindings = new Map<string, { readonly job: string; readonly at: number }>();

  function group(repositoryId: string): Map<string, LedgerRecord> {
    const found = repositories.get(repositoryId) ?? new Map<string, LedgerRecord>();
    repositories.set(repositoryId, found);
    return found;
  }

  function forget(records: Map<string, LedgerRecord>): void {
    const before = now() - kept;
    for (const [name, { phase, decided }] of records) {
      if (decided > before) break;
      if (phase === 'ended') records.delete(name);
    }
    for (const [runner, { at }] of bindings) {
      if (at > before) break;
      bindings.delete(runner);
    }
  }

  const groupsOf = ({ job, repositoryId = job?.split('.')[0] }: LedgerFilter): Iterable<Map<string, LedgerRecord>> =>
    repositoryId === undefined ? repositories.values() : [repositories.get(repositoryId) ?? new Map()];

  return {
    epoch: () => 1,
    create(record) {
      const records = group(record.key.repositoryId);
      forget(records);
      if (records.has(nameOf(record))) return Promise.resolve(false);
      records.set(nameOf(record), record);
      return Promise.resolve(true);
    },
    swap(next) {
      const records = group(next.key.repositoryId);
      const stored = records.get(nameOf(next));
      if (stored === undefined || next.rev !== stored.rev + 1 || next.epoch < stored.epoch)
        return Promise.resolve(false);
      records.set(nameOf(next), next);
      return Promise.resolve(true);
    },
    read(job, slot) {
      const record = repositories.get(job.split('.')[0] ?? '')?.get(`${job}#${slot}`);
      return Promise.resolve(record === undefined ? null : { record });
    },
    list(filter) {
      const found: Stored[] = [];
      for (const records of groupsOf(filter))
        for (const record of records.values()) if (fits(record, filter)) found.push({ record });
      return Promise.resolve(found);
    },
    putSession(record) {
      if (record.rev !== (open.get(record.session)?.rev ?? 0) + 1) return Promise.resolve(false);
      open.set(record.session, record);
      return Promise.resolve(true);
    },
    closeSession(session) {
      open.delete(session);
      return Promise.resolve();
    },
    sessions: () => Promise.resolve([...open.values()]),
    bind(runner, job) {
      const { job: bound } = bindings.get(runner) ?? { job };
      if (!bindings.has(runner)) bindings.set(runner, { job, at: now() });
      return Promise.resolve(bound);
    },
  };
}
