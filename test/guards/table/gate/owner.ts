import { type Guard, guardsOf } from '../../guard.ts';

// Whose a task is, and which secrets it gets.

const tasks = 'test/gate/tasks.test.ts';
const job = 'test/gate/job.test.ts';

const ownerRules = guardsOf(
  'gate',
  'src/gate/tasks/tasks.ts',
  [tasks],
  [
    {
      rule: "a task is its runner's only",
      code: 'task-unknown',
      find: 'task.session.runner.id === runner.id && ',
      replace: '',
      tests: ['test/gate/direct-calls.test.ts'],
      only: 'session and task ids of another runner',
    },
    {
      rule: 'a task is reached only while its session is open',
      code: 'task-unknown',
      find: ' && sessions.isOpen(task.session)) {',
      replace: ') {',
      tests: ['test/gate/direct-calls.test.ts', tasks],
    },
    {
      rule: 'a task has one reader: a newer one ends the older',
      find: 'task.reader?.abort();\n    const mine',
      replace: 'const mine',
      tests: ['test/gate/guards.test.ts'],
      only: 'has one reader: asking for events again',
    },
    {
      rule: 'a cancel is in the audit log before it is sent',
      code: 'audit-failed',
      find: "await audit.write({ event: 'cancel', ...taskFields(task) });",
      replace: '',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'who closes its session while its task waits loses the task',
      find: "task.session !== session || task.journal.record().phase !== 'waiting'",
      replace: 'task.session !== null',
      only: 'whose session closes keeps a task that has its order',
    },
    {
      rule: 'who closes its session keeps a task that has its order',
      find: "task.session !== session || task.journal.record().phase !== 'waiting'",
      replace: 'task.session !== session',
      only: 'whose session closes keeps a task that has its order',
    },
    {
      rule: 'ended tasks are kept for a bounded time and in bounded number',
      find: 'if (!old && ended.size <= bounds.endedTasks) break;',
      replace: 'if (task !== null) break;',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'a gate that stops ends cells that cannot outlive it',
      code: 'gate-stopping',
      find: 'if (!cells.survives) await Promise.all([...open.values()]',
      replace: 'if (cells.survives && false) await Promise.all([...open.values()]',
      only: 'ends cells that cannot outlive it',
    },
    {
      rule: 'a gate that stops leaves cells that can outlive it',
      find: 'if (!cells.survives) await Promise.all([...open.values()]',
      replace: 'if (cells.name !== null) await Promise.all([...open.values()]',
      only: 'leaves cells that can outlive it',
    },
  ],
);

const secrets = guardsOf(
  'gate',
  'src/gate/tasks/secrets.ts',
  [tasks],
  [
    {
      rule: 'a Drone that takes its token from the workflow gets one',
      code: 'drone-token-missing',
      find: 'if (given !== undefined && given.length >= shortest) return given;',
      replace: "if (given !== '') return given ?? 'none';",
      only: 'the token of the workflow is used where the policy says so',
    },
    {
      rule: 'a literal that would make stars of every log is refused',
      code: 'gate-failed',
      find: 'if (length > 0 && length < shortest)',
      replace: 'if (length < 0)',
      tests: ['test/gate/secrets.test.ts'],
    },
    {
      rule: "a workflow's token is used only where the policy says so",
      find: "drone.token === 'workflow' ? workflowToken(droneToken)",
      replace: "drone.token === 'workflow' || droneToken !== undefined ? workflowToken(droneToken)",
      only: 'the token of the workflow is used where the policy says so',
    },
    {
      rule: 'an empty secret is no secret',
      code: 'gate-failed',
      find: "if (text === '')\n",
      replace: "if (text === '\\0')\n",
      only: 'secrets',
    },
  ],
);

const orders = guardsOf(
  'gate',
  'src/gate/tasks/orders.ts',
  [job],
  [
    {
      rule: "an order has the task's own nonce",
      find: '    nonce,\n    params,',
      replace: "    nonce: '0'.repeat(32),\n    params,",
      tests: ['test/gate/guards.test.ts'],
    },
  ],
);

export const guards: readonly Guard[] = [...ownerRules, ...secrets, ...orders];
