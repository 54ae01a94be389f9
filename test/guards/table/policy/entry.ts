import { type Guard, guardsOf } from '../../guard.ts';

// Which entry a job fits, whole.

const decide = 'test/policy/decide.test.ts';
const plan = 'test/policy/plan.test.ts';

const whole = guardsOf(
  'policy',
  'src/policy/decide.ts',
  [decide],
  [
    {
      rule: 'one entry fits whole; the parts of two are no entry',
      code: 'task-not-allowed',
      find: 'if (found.length === 0) return compared;',
      replace:
        'const points = (miss: Miss) => miss.differences.map(({ point }) => point);\n    const here = found.map(({ point }) => point);\n    if (misses.some((miss) => !points(miss).some((point) => here.includes(point)))) return compared;\n    if (found.length === 0) return compared;',
      tests: [plan],
    },
    {
      rule: 'a task is given only when every point fits',
      code: 'task-not-allowed',
      find: 'if (found.length === 0) return compared;',
      replace: 'if (found.length <= 1) return compared;',
    },
    {
      rule: 'what an entry let through is looked at once more before it travels',
      code: 'claim-not-plain',
      find: "const ugly = notPlain(claims, found.entry.task === 'drone build' ? undefined : ask.target);",
      replace: 'const ugly = undefined as Refusal | undefined;',
    },
    {
      rule: 'a job whose claims are not plain is refused at its rehearsal',
      code: 'claim-not-plain',
      find: 'const ugly = notPlain(claims);',
      replace: 'const ugly = undefined as Refusal | undefined;',
      tests: ['test/policy/rehearse.test.ts', 'test/policy/properties.test.ts'],
    },
  ],
);

const points = guardsOf(
  'policy',
  'src/policy/points.ts',
  [decide],
  [
    {
      rule: 'the task is the one that the entry is for',
      code: 'task-not-allowed',
      find: 'entry.task === ask.task',
      replace: 'entry.task !== undefined',
    },
    {
      rule: 'the event is one of the entry',
      code: 'event-not-allowed',
      find: 'entry.events.includes(claims.eventName)',
      replace: 'entry.events.length > 0',
    },
    {
      rule: 'the ref fits one of the entry',
      code: 'ref-not-allowed',
      find: 'entry.refs.some((glob) => refFits(glob, claims.ref))',
      replace: 'entry.refs.length > 0',
    },
    {
      rule: 'with pipeline: same GitHub protects the ref, unless the entry says otherwise',
      code: 'ref-not-protected',
      find: "claims.refProtected || entry.unprotected || repository.pipeline !== 'same'",
      replace: "claims.ref !== ''",
    },
    {
      rule: 'the workflow is one of the entry',
      code: 'workflow-not-allowed',
      find: 'allowed === undefined || allowed.includes(claims.workflowRef)',
      replace: 'allowed === undefined || allowed.length > 0',
    },
    {
      rule: "the workflow is the file of this repository at the job's own ref",
      code: 'workflow-not-allowed',
      find: 'allowed === undefined || allowed.includes(claims.workflowRef)',
      replace:
        "allowed === undefined || allowed.some((path) => path.split('@')[0] === claims.workflowRef.split('@')[0])",
    },
    {
      rule: 'the called workflow is one of the entry, whole',
      code: 'called-workflow-not-allowed',
      find: "calledWorkflows.includes(claims.jobWorkflowRef ?? '')",
      replace: 'calledWorkflows.length > 0',
    },
    {
      rule: 'GitHub let the job into the environment of the entry',
      code: 'environment-not-allowed',
      find: 'entry.environment === undefined || entry.environment === claims.environment',
      replace: 'entry.environment === undefined || entry.path !== claims.environment',
    },
    {
      rule: 'an entry with targets needs a target',
      code: 'target-missing',
      find: 'ask.target !== undefined && entry.targets.includes(ask.target)',
      replace: 'ask.target === undefined || entry.targets.includes(ask.target)',
    },
    {
      rule: 'the target is one of the entry',
      code: 'target-not-allowed',
      find: 'ask.target !== undefined && entry.targets.includes(ask.target)',
      replace: 'ask.target !== undefined',
    },
  ],
);

const params = guardsOf(
  'policy',
  'src/policy/param-point.ts',
  [decide],
  [
    {
      rule: 'a parameter that no entry lists is refused, not dropped',
      code: 'param-not-allowed',
      find: 'if (rule === undefined) {',
      replace: 'if (rule === undefined) return undefined;\n  if (rule === undefined) {',
    },
    {
      rule: "a parameter's value is one of the list",
      code: 'param-value-not-allowed',
      find: 'if (values !== undefined) return values.includes(value);',
      replace: 'if (values !== undefined) return true;',
    },
    {
      rule: 'no pattern lets a line break or 257 bytes through',
      code: 'param-value-not-allowed',
      find: 'if (valueProblem(value) !== undefined) return false;',
      replace: '',
    },
    {
      rule: 'a required parameter is there',
      code: 'param-missing',
      find: 'required && !Object.hasOwn(ask.params, name)',
      replace: 'required && Object.keys(ask.params).includes(`!${name}`)',
    },
    {
      rule: "no message holds a parameter's value",
      code: 'param-value-not-allowed',
      find: 'return `the value of ${name} is not allowed, the entry wants',
      replace: 'return `the value ${quote(value)} of ${name} is not allowed, the entry wants',
    },
  ],
);

export const guards: readonly Guard[] = [...whole, ...points, ...params];
