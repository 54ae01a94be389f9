import { type Guard, guardsOf } from '../../guard.ts';

// The choice of an old build: written before it is told, told to one cell, and made once.

const promote = 'test/gate/promote.test.ts';
const machine = 'test/gate/choice-machine.test.ts';
const code = 'build-not-allowed';

const dialogue = guardsOf(
  'gate',
  'src/gate/tasks/choose.ts',
  [promote],
  [
    {
      rule: 'what the policy refuses is not promoted',
      code,
      find: '    throw await told(choice, task, context);\n',
      replace: "    return see(task, { seen: 'chosen', choice: event.builds[0]!, base: event.base });\n",
      only: 'that no build fits ends with what is wrong',
    },
    {
      rule: 'what has to be redacted is kept out of a refusal of a build too',
      code,
      find: "left.replaceAll(literal, '***')",
      replace: 'left.replaceAll(literal, literal)',
      only: 'is told without what has to be redacted',
    },
    {
      rule: 'a refusal of a build says what to do',
      code,
      find: '. What to do: ${fix}`',
      replace: '`',
      only: 'that no build fits ends with what is wrong',
    },
    {
      rule: 'the choice is in the audit log before the cell hears of it',
      code: 'audit-failed',
      find: "await audit.write({ event: 'choice', decision: 'allowed',",
      replace: "audit.write = () => Promise.resolve();\n  await audit.write({ event: 'choice', decision: 'allowed',",
      only: 'an audit log that cannot be written lets nothing go',
    },
    {
      rule: 'a choice that was made is told again, and not made again',
      code,
      find: 'if (record.choice !== undefined) return see',
      replace: 'if (record.rev < 0 && record.choice !== undefined) return see',
      only: 'after its choice is followed by one that says the same',
    },
    {
      rule: 'a cell of a build asks for no choice',
      code: 'cell-misbehaved',
      find: "if (task.plan.kind === 'build')\n",
      replace: "if (task.id === '')\n",
      only: 'of a build that asks for a choice is not believed',
    },
  ],
);

const made = guardsOf(
  'gate',
  'src/gate/tasks/made-builds.ts',
  [promote],
  [
    {
      rule: 'only a task that ended with success has made what may be promoted',
      code,
      find: "record.phase === 'ended' && record.verdict === 'success' ? madeBy(record)",
      replace: "record.phase === 'ended' ? madeBy(record)",
      only: 'whose task did not end green may not',
    },
    {
      rule: 'only tasks of the same repository at GitHub have made what may be promoted',
      code,
      find: 'ledger.list({ repositoryId })',
      replace: "ledger.list(repositoryId === '' ? { repositoryId } : {})",
      only: 'that another repository made may not',
    },
    {
      rule: 'a build that this gate made has the nonce of its task',
      code,
      find: ', [nonceParam]: nonce };',
      replace: ", ...(nonce === '' ? { [nonceParam]: nonce } : {}) };",
      only: 'that a job of this repository made, and that ended green',
    },
    {
      rule: 'a promotion that this gate made has the parameters that came along',
      code,
      find: '{ ...choice?.params, ...plan.params,',
      replace: '{ ...plan.params,',
      only: 'that we promoted may be promoted on',
    },
  ],
);

const record = guardsOf(
  'gate',
  'src/gate/ledger/machine.ts',
  [machine],
  [
    {
      rule: 'no choice is made for a cell that is lost, which could still hear of it',
      find: "if (phase !== 'ordered' || record.cell === null) return still;",
      replace: "if (phase !== 'ordered') return still;",
    },
    {
      rule: 'a cell that is cancelled or has its build is told no choice',
      find: "if (phase !== 'ordered' || record.cell === null) return still;",
      replace: 'if (record.cell === null) return still;',
    },
    {
      rule: 'a choice is made once',
      find: 'if (!isChoosing(record)) return record.choice === undefined',
      replace: 'if (record.rev < 0) return record.choice === undefined',
    },
    {
      rule: 'a cell without its choice has no success to report',
      code: 'cell-misbehaved',
      find: "if (isChoosing(record) && seen.verdict === 'success') return",
      replace: 'if (record.rev < 0) return',
    },
    {
      rule: 'before the choice nothing was asked of Drone, and a cancel ends the task',
      code: 'cancelled',
      find: 'const mayLive = orderMayLive(phase) && !isChoosing(record);',
      replace: 'const mayLive = orderMayLive(phase);',
    },
  ],
);

const again = guardsOf(
  'gate',
  'src/gate/tasks/order-of.ts',
  [promote],
  [
    {
      rule: 'a cell that is lost before the choice is replaced by one that begins anew',
      find: 'replaced === 0 || isChoosing(record)',
      replace: 'replaced === 0',
      only: 'that is lost before the choice is replaced',
    },
    {
      rule: 'a cell that is lost after the choice is replaced by one that promotes nothing',
      find: 'replaced === 0 || isChoosing(record)',
      replace: "replaced === 0 || plan.kind !== 'build'",
      only: 'that is lost after the choice is replaced',
    },
  ],
);

const recovery = guardsOf(
  'gate',
  'src/gate/tasks/orders.ts',
  [promote],
  [
    {
      rule: 'a recovery knows the newest number before the build that it looks for',
      find: 'base: recover?.base,',
      replace: 'base: undefined,',
      only: 'tells the newest number before its build',
    },
    {
      rule: 'a recovery of a promotion knows what it was made of',
      find: 'againOf(kind, recover.choice),',
      replace: "againOf('build', recover.choice),",
      only: 'that is lost after the choice is replaced',
    },
  ],
);

const reader = guardsOf(
  'gate',
  'src/gate/tasks/follow.ts',
  [promote],
  [
    {
      rule: 'what a cell asks does not reach the runner, whose numbers go on without a gap',
      find: 'task.relay.state(standIn(event));',
      replace: 'task.relay.state(event as never);',
      only: 'leaves the old build to the policy',
    },
  ],
);

export const guards: readonly Guard[] = [...dialogue, ...made, ...record, ...again, ...recovery, ...reader];
