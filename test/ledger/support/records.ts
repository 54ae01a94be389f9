import type { LedgerRecord } from '../../../src/gate/index.ts';
import type { SessionRecord } from '../../../src/gate/ledger/session-record.ts';

// Records as a gate writes them.

const first: LedgerRecord = {
  v: 1,
  key: { repositoryId: '123456', runId: '1000', runAttempt: '1', job: 'c500' },
  slot: 1,
  rev: 1,
  epoch: 1,
  request: '1'.repeat(32),
  body: '2'.repeat(64),
  runner: 'runner-1',
  order: '3'.repeat(32),
  nonce: '4'.repeat(32),
  cell: null,
  drone: 'https://drone.internal',
  plan: {
    entry: 'repositories[0].allow[0]',
    kind: 'build',
    drone: 'internal',
    repository: 'octo/app',
    ref: 'refs/heads/main',
    commit: 'a'.repeat(40),
    params: { ENVIRONMENT: 'staging' },
    log: 'full',
    disabled: 'accepted',
    whenLost: 'finish',
  },
  number: null,
  phase: 'waiting',
  verdict: null,
  code: null,
  recoveries: 0,
  policyHash: '5'.repeat(64),
  decided: 1_700_000_000_000,
  times: { waiting: 1_700_000_000_000 },
};

/** The first revision of a slot. */
export const waiting = (change: Partial<LedgerRecord> = {}): LedgerRecord => ({ ...first, ...change });

/** The revision after `record`. */
export const after = (record: LedgerRecord, change: Partial<LedgerRecord> = {}): LedgerRecord => ({
  ...record,
  ...change,
  rev: record.rev + 1,
});

/** The revision with which `record` ends. */
export function ended(record: LedgerRecord, at: number = record.decided): LedgerRecord {
  const { times } = record;
  return after(record, { phase: 'ended', verdict: 'success', code: 'ok', times: { ...times, ended: at } });
}

export const session = (change: Partial<SessionRecord> = {}): SessionRecord => ({
  v: 1,
  session: 'a'.repeat(32),
  rev: 1,
  epoch: 1,
  runner: 'runner-1',
  ephemeral: false,
  job: null,
  opened: 1_700_000_000_000,
  ...change,
});
