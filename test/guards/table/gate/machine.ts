import { type Guard, guardsOf } from '../../guard.ts';

// A task as a pure function, and what a new holder does with it.

const machine = 'test/gate/machine.test.ts';

const step = guardsOf(
  'gate',
  'src/gate/ledger/machine.ts',
  [machine],
  [
    {
      rule: 'a task that has ended changes no more',
      find: "if (phase === 'ended') return still;",
      replace: '',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'a place is used by a task that waits',
      find: "return phase === 'waiting' ? to({ phase: 'starting' }",
      replace: "return phase !== 'ended' ? to({ phase: 'starting' }",
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'a task has one order',
      find: "return phase === 'starting' ? to({ phase: 'ordered'",
      replace: "return phase !== 'waiting' ? to({ phase: 'ordered'",
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: "a build's number is told once",
      find: 'if (!mayLive || record.number !== null) return still;',
      replace: 'if (!mayLive) return still;',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'a cell without an order has nothing to report',
      code: 'cell-misbehaved',
      find: "orderMayLive(phase) ? end(seen.verdict, seen.code, seen.told) : end('error', 'cell-misbehaved')",
      replace: 'end(seen.verdict, seen.code, seen.told)',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'a replacement comes only when the lost cell is out of the record',
      find: 'if (!orderMayLive(phase) || record.cell !== null || recoveries >= maxRecoveries) return still;',
      replace: 'if (!orderMayLive(phase) || recoveries >= maxRecoveries) return still;',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'a task has three replacements at most',
      find: 'if (!orderMayLive(phase) || record.cell !== null || recoveries >= maxRecoveries) return still;',
      replace: 'if (!orderMayLive(phase) || record.cell !== null) return still;',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'a task without an order has no replacement',
      find: 'if (!orderMayLive(phase) || record.cell !== null || recoveries >= maxRecoveries) return still;',
      replace: 'if (record.cell !== null || recoveries >= maxRecoveries) return still;',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'a cancel is sent once',
      find: "if (phase === 'cancelling') return still;",
      replace: '',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'a task without an order is cancelled without a cell',
      find: "if (!mayLive) return end('cancelled', 'cancelled');",
      replace: '',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'what broke after an order is unknown',
      find: "mayLive ? 'unknown' : 'error'",
      replace: "mayLive ? 'error' : 'error'",
      tests: ['test/gate/guards.test.ts'],
    },
  ],
);

const adoption = guardsOf(
  'gate',
  'src/gate/ledger/adoption.ts',
  [machine],
  [
    {
      rule: 'a lost cell is replaced three times at most',
      find: 'recoveries >= maxRecoveries',
      replace: 'recoveries > maxRecoveries',
    },
    {
      rule: 'a build is recovered only with its token',
      find: "tokenAtHand ? 'recover' : 'await-token'",
      replace: "tokenAtHand ? 'recover' : 'recover'",
    },
    {
      rule: 'a record that cannot be read counts as started and unknown',
      find: "if ('unreadable' in stored) return { do: 'end-unknown' };",
      replace: "if ('unreadable' in stored) return { do: 'requeue' };",
    },
    {
      rule: 'only a task without an order waits again',
      find: "if (phase === 'waiting' || phase === 'starting') return",
      replace: "if (phase === 'waiting' || phase === 'starting' || phase === 'ordered') return",
    },
    {
      rule: 'a cell without a record is deleted',
      find: "if (stored === null) return { do: cell === 'none' ? 'nothing' : 'delete' };",
      replace: "if (stored === null) return { do: 'nothing' };",
    },
    {
      rule: 'the cell of an ended task is deleted',
      find: "if (phase === 'ended') return { do: cell === 'none' ? 'nothing' : 'delete' };",
      replace: "if (phase === 'ended') return { do: 'nothing' };",
    },
    {
      rule: 'a cancel that may not have arrived is sent again',
      find: "if (cell === 'running') return { do: 'adopt', cancel };",
      replace: "if (cell === 'running') return { do: 'adopt', cancel: false };",
    },
  ],
);

const record = guardsOf(
  'gate',
  'src/gate/ledger/record.ts',
  ['test/gate/ledger.test.ts'],
  [
    {
      rule: 'a record has a verdict exactly when it has ended',
      find: "(record.phase === 'ended') === (record.verdict !== null)",
      replace: 'record.v === 1',
    },
    {
      rule: 'a record has the code ok exactly with success',
      find: "(record.verdict === 'success') === (record.code === 'ok')",
      replace: 'record.v === 1',
    },
  ],
);

export const guards: readonly Guard[] = [...step, ...adoption, ...record];
