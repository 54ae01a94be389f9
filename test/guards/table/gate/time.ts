import { type Guard, guardsOf } from '../../guard.ts';

// What happens because time has passed.

const tasks = 'test/gate/tasks.test.ts';

export const guards: readonly Guard[] = guardsOf(
  'gate',
  'src/gate/tasks/sweep.ts',
  [tasks],
  [
    {
      rule: 'a runner that is silent loses its seat in the waiting list',
      code: 'turn-missed',
      find: "if (silent(task)) return life.fail(task, turnMissed('the runner fell silent while its task waited'));",
      replace: '',
      only: 'that falls silent while its task waits gives its seat',
    },
    {
      rule: 'a turn lasts its time',
      code: 'turn-missed',
      find: 'if (since(task.turnSince) > timing.turn) return turns.miss(task);',
      replace: '',
      only: 'goes on to the next when the turn is missed',
    },
    {
      rule: 'a place is waited for in bounded time',
      code: 'no-place-in-time',
      find: 'if (task.turnSince === null && since(task.waitingSince) > policy.limits.wait)',
      replace: 'if (task.turnSince === null && since(task.waitingSince) > 1e12)',
      only: 'that does not come in time ends the task',
    },
    {
      rule: 'a cell that says nothing after its order is given up',
      code: 'cell-misbehaved',
      find: 'task.tokenSince === null && since(task.attachedAt) > timing.firstEvent',
      replace: 'task.tokenSince === null && since(task.attachedAt) > 1e12',
      only: 'that says nothing after its order is given up',
    },
    {
      rule: 'a cell that is told to cancel and does not end is given up',
      code: 'cell-misbehaved',
      find: 'if (since(task.cancelledAt) > afterCancel())',
      replace: 'if (since(task.cancelledAt) > 1e12)',
      only: 'that never ends is told to cancel, and then given up',
    },
    {
      rule: 'a cell that never ends is told to cancel',
      find: 'if (since(task.orderedAt) > wholeLife())',
      replace: 'if (since(task.orderedAt) > 1e12)',
      only: 'that never ends is told to cancel, and then given up',
    },
    {
      rule: 'a lost runner has its build cancelled where the policy says so',
      find: "if (whenLost === 'cancel') await",
      replace: "if (whenLost === 'cancel' && task.id === '') await",
      only: 'that falls silent has its build cancelled where the policy says so',
    },
    {
      rule: 'a lost runner has its build finished by default',
      find: "if (whenLost === 'cancel') await",
      replace: 'await',
      only: 'that falls silent leaves its build to finish, by default',
    },
    {
      rule: 'a runner that reads events is not silent',
      find: 'task.reader === null && since(task.heardAt)',
      replace: 'since(task.heardAt)',
      only: 'that falls silent has its build cancelled where the policy says so',
    },
  ],
);
