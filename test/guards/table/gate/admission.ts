import { type Guard, guardsOf } from '../../guard.ts';

// From a request to a task: proof, decision, limits, ledger, audit, in this order.

const tasks = 'test/gate/tasks.test.ts';
const job = 'test/gate/job.test.ts';

const admissionRules = guardsOf(
  'gate',
  'src/gate/tasks/admission.ts',
  [tasks],
  [
    {
      rule: 'a task is given only after the policy has said yes',
      code: 'task-not-allowed',
      find: 'if (!decision.allowed) {',
      replace: "if (!decision.allowed && decision.detail === '') {",
      tests: ['test/gate/direct-calls.test.ts'],
      only: 'is refused, at the rehearsal and at the task',
    },
    {
      rule: 'a request id that is used again asks for the same',
      code: 'request-changed',
      find: 'checkSameBody(task.journal.record(), bodyHash(request));',
      replace: '',
      tests: [job],
    },
    {
      rule: 'an engine that is not ready costs the job no slot',
      code: 'no-cell-engine',
      find: 'if (reason !== null)',
      replace: "if (reason === '')",
      only: 'that is not ready costs the job no slot',
    },
    {
      rule: 'a secret that is missing costs the job no slot',
      code: 'drone-token-missing',
      find: 'if (drone !== undefined) await readSecrets(plan, drone, request.droneToken, timing.disk);',
      replace: 'void drone;\n    void readSecrets;',
      only: 'the token of the workflow is used where the policy says so',
    },
    {
      rule: 'a full waiting list costs the job no slot',
      code: 'waiting-list-full',
      find: 'if (places.waiting() >= bounds.waiting) throw listFull();',
      replace: '',
      tests: ['test/gate/guards.test.ts'],
      only: 'because the waiting list is full costs the job nothing',
    },
    {
      rule: 'of many requests at once exactly as many get a task as the limits allow',
      code: 'tasks-per-job',
      find: 'const inTurn = createTurnstile();',
      replace: 'const inTurn = <T>(work: () => Promise<T>): Promise<T> => work();\n  void createTurnstile;',
      tests: ['test/gate/guards.test.ts'],
      only: 'of one job are as many tasks as the limits allow',
    },
    {
      rule: 'the same request twice at once is one task',
      find: 'if (twin !== undefined) return { task: twin, fresh: false };',
      replace: '',
      tests: ['test/gate/guards.test.ts'],
      only: 'with one request id are one task',
    },
    {
      rule: 'nothing starts before its decision is in the audit log',
      code: 'audit-failed',
      find: "await audit.write({ event: 'task', decision: 'allowed', detail: task.plan.entry, ...taskFields(task) });",
      replace:
        "audit.write({ event: 'task', decision: 'allowed', detail: task.plan.entry, ...taskFields(task) }).catch(() => undefined);",
      tests: ['test/gate/audit.test.ts'],
    },
    {
      rule: 'a refusal is in the audit log before it is told',
      code: 'audit-failed',
      find: 'if (error instanceof Refusal) await auditRefusal(session, request, passed, error);',
      replace: '',
      tests: ['test/gate/guards.test.ts'],
      only: 'at the refusal of a task',
    },
  ],
);

const slot = guardsOf(
  'gate',
  'src/gate/tasks/slot.ts',
  [tasks],
  [
    {
      rule: 'a slot that another gate has taken is not used',
      code: 'ledger-failed',
      find: 'if (!(await written(ledger.create(record))))',
      replace: 'if ((await written(ledger.create(record))) === undefined)',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'a request whose task is in the ledger alone gets no second one',
      code: 'no-result',
      find: '  refuseForgotten(stored, job, request);\n',
      replace: '  void refuseForgotten;\n',
      tests: ['test/gate/guards.test.ts'],
    },
    {
      rule: 'the limits are counted before there is a record',
      code: 'tasks-per-job',
      find: 'if (reached !== null) throw reached;',
      replace: '',
      tests: ['test/gate/direct-calls.test.ts'],
      only: 'is refused while the first runs',
    },
  ],
);

const again = guardsOf(
  'gate',
  'src/gate/tasks/reattach.ts',
  [job],
  [
    {
      rule: 'the same request has the same task, parameters, build and target',
      code: 'request-changed',
      find: 'if (record.body === body) return;',
      replace: 'if (record.body !== null) return;',
    },
    {
      rule: 'parameters are part of what a request asks for',
      code: 'request-changed',
      find: 'JSON.stringify([task, sorted, build ?? null, target ?? null])',
      replace: 'JSON.stringify([task, build ?? null, target ?? null])',
    },
  ],
);

export const guards: readonly Guard[] = [...admissionRules, ...slot, ...again];
