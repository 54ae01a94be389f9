import fc from 'fast-check';
import type { LedgerRecord } from '../../../src/gate/index.ts';
import type { Seen } from '../../../src/gate/ledger/machine.ts';
import { type OldBuild, verdicts } from '../../../src/protocol/index.ts';

export const waiting: LedgerRecord = {
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
    params: {},
    log: 'full',
    whenLost: 'finish',
  },
  number: null,
  phase: 'waiting',
  verdict: null,
  code: null,
  recoveries: 0,
  policyHash: '5'.repeat(64),
  decided: 1_000,
  times: { waiting: 1_000 },
};

export const oldBuild: OldBuild = {
  number: 5,
  event: 'push',
  status: 'success',
  ref: 'refs/heads/main',
  commit: 'a'.repeat(40),
  params: { ENVIRONMENT: 'staging' },
};

/** The same of a promotion, which has no build of its own before one was chosen. */
export const waitingPromotion: LedgerRecord = {
  ...waiting,
  plan: {
    ...waiting.plan,
    kind: 'promote',
    ref: undefined,
    commit: undefined,
    target: 'production',
    builds: {
      refs: ['refs/heads/main'],
      events: ['push'],
      status: 'success',
      commit: 'same',
      source: 'a'.repeat(40),
      params: { ENVIRONMENT: { values: ['staging'] }, VERSION: { pattern: 'v[0-9]+' } },
    },
  },
};

/** Whatever the gate may come to see, in any order. */
export const anySeen: fc.Arbitrary<Seen> = fc.oneof(
  fc.constant<Seen>({ seen: 'place' }),
  fc.constantFrom('c1', 'c2').map((cell): Seen => ({ seen: 'cell', cell })),
  fc.constant<Seen>({ seen: 'requeue' }),
  fc.constant<Seen>({ seen: 'lost' }),
  fc
    .record({ cell: fc.constantFrom('c3', 'c4'), shift: fc.option(fc.record({ state: fc.nat(9), log: fc.nat(9) })) })
    .map(({ cell, shift }): Seen => ({ seen: 'replacement', cell, shift })),
  fc.record({ state: fc.nat(9), log: fc.nat(9) }).map((shift): Seen => ({ seen: 'shift', shift })),
  fc.integer({ min: 1, max: 9 }).map((number): Seen => ({ seen: 'build', number })),
  fc.nat(9).map((base): Seen => ({ seen: 'base', base })),
  fc.constantFrom(4, 5).map((number): Seen => ({ seen: 'chosen', choice: { ...oldBuild, number }, base: 6 })),
  fc
    .constantFrom(...verdicts)
    .map((verdict): Seen => ({ seen: 'result', verdict, code: verdict === 'success' ? 'ok' : 'build-failed' })),
  fc.constantFrom('author', 'operator', 'runner-lost', 'limit').map((reason): Seen => ({ seen: 'cancel', reason })),
  fc.constantFrom('cell-lost', 'turn-missed', 'gate-failed').map((code): Seen => ({ seen: 'broken', code })),
);
