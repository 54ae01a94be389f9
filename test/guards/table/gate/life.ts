import { type Guard, guardsOf } from '../../guard.ts';

// No order before the audit log and the ledger have it; no end but one.

const tasks = 'test/gate/tasks.test.ts';
const job = 'test/gate/job.test.ts';

const lifeRules = guardsOf(
  'gate',
  'src/gate/tasks/life.ts',
  [tasks],
  [
    {
      rule: 'no order leaves before it is in the audit log',
      code: 'audit-failed',
      find: "await audit.write({ event: 'order', decision: 'allowed', ...taskFields(task), cell: cell.id });",
      replace:
        "audit.write({ event: 'order', decision: 'allowed', ...taskFields(task), cell: cell.id }).catch(() => undefined);",
      tests: ['test/gate/audit.test.ts'],
    },
    {
      rule: 'no order leaves before the ledger says so',
      code: 'ledger-failed',
      find: "const actions = await task.journal.apply({ seen: 'cell', cell: cell.id });",
      replace:
        "const actions = await task.journal.apply({ seen: 'cell', cell: cell.id }).catch(() => [{ act: 'send-order' }] as const);",
      only: 'at the order: the cell gets none',
    },
    {
      rule: 'a cell that may stand in the ledger is not touched by a gate that has lost its turn',
      code: 'gate-standby',
      find: 'task.offered = ledger.epoch() !== null;',
      replace: '',
      only: 'lost while it takes the cell of an order',
    },
    {
      rule: 'no order leaves for a task that was cancelled meanwhile',
      find: "if (!actions.some(({ act }) => act === 'send-order')) return;",
      replace: '',
      only: 'while the cell starts ends the task without an order',
    },
    {
      rule: 'an idle cell that has spoken or ended takes no order',
      find: 'if (task.cell?.usable() !== true) {',
      replace: 'if (task.cell == null) {',
      only: 'that speaks before its order is not used',
    },
    {
      rule: 'an author learns nothing of what broke inside',
      code: 'gate-failed',
      find: "'something broke in the gate; its log says what', { cause: error }",
      replace: 'String(error)',
      tests: ['test/gate/guards.test.ts'],
    },
  ],
);

const ending = guardsOf(
  'gate',
  'src/gate/tasks/ending.ts',
  [tasks],
  [
    {
      rule: 'the gate itself never says success',
      find: "const known = verdict === 'success' ? 'unknown' : verdict;",
      replace: "const known = verdict as 'unknown';",
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: "the cell's own word is told",
      find: 'if (task.word !== null && task.word.verdict === verdict) return task.word;',
      replace: '',
      tests: [job],
    },
    {
      rule: 'a task ends once',
      find: 'if (task.endedAt !== null) return;\n      const result',
      replace: 'const result',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'a cell that is not needed any more is removed',
      find: 'await cell.discard();\n    }',
      replace: '}',
      only: 'is told that it may end, after its result',
    },
    {
      rule: 'a place is given back at the end of its task',
      find: 'if (place !== null) places.release(place);',
      replace: '',
      only: 'is waited for, told by a turn, and given for a fresh proof',
    },
    {
      rule: 'the cell of a task that another gate has taken is not touched',
      code: 'gate-standby',
      find: 'if (cell !== null && (!task.offered || !task.abandoned)) {',
      replace: 'if (cell !== null) {',
      tests: [tasks],
      only: 'that another gate has changed: the task is left to it',
    },
  ],
);

const turns = guardsOf(
  'gate',
  'src/gate/turns.ts',
  ['test/gate/turns.test.ts'],
  [
    {
      rule: 'a turn that was lost writes nothing into the next turn of the same process',
      code: 'gate-standby',
      find: '(ledger.epoch() === turn ? turn : null)',
      replace: '(turn > 0 ? ledger.epoch() : null)',
      only: 'writes nothing into the next one',
    },
  ],
);

const rescue = guardsOf(
  'gate',
  'src/gate/tasks/rescue.ts',
  [tasks],
  [
    {
      rule: 'a replacement that may stand in the ledger is not touched by a gate that has lost its turn',
      code: 'gate-standby',
      find: 'if (!offered || ledger.epoch() !== null) await cell.discard();',
      replace: 'await cell.discard();',
      only: 'lost while it takes the cell that replaces another',
    },
  ],
);

const journal = guardsOf(
  'gate',
  'src/gate/tasks/journal.ts',
  [tasks],
  [
    {
      rule: 'who loses a race in the ledger does nothing',
      code: 'gate-standby',
      find: 'if (!(await written(ledger.swap(stamped)))) throw takenOver();',
      replace: 'if ((await written(ledger.swap(stamped))) === null) throw takenOver();',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: "a record is written with the holder's own epoch",
      code: 'gate-standby',
      find: 'epoch: heldEpoch(ledger)',
      replace: 'epoch: record.epoch + (heldEpoch === undefined ? 1 : 0)',
      tests: ['test/gate/guards.test.ts'],
      only: 'own epoch of the moment',
    },
  ],
);

export const guards: readonly Guard[] = [...lifeRules, ...ending, ...rescue, ...turns, ...journal];
