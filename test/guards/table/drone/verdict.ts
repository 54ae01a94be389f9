import { type Guard, guardsOf } from '../../guard.ts';

// What a build means, and how long it is waited for.

const verdictTest = 'test/drone/verdict.test.ts';
const limitsTest = 'test/drone/limits.test.ts';

const verdictRules = guardsOf(
  'drone',
  'src/drone/verdict.ts',
  [verdictTest],
  [
    {
      rule: 'success needs a step that ran',
      code: 'nothing-ran',
      find: "if (!steps.some(({ stage, step }) => step.status === 'success' && !isClone(stage, step)))",
      replace: 'if (steps.length < 0)',
    },
    {
      rule: "Drone's own clone is no step that ran",
      code: 'nothing-ran',
      find: ' && !isClone(stage, step)',
      replace: '',
    },
    {
      rule: 'success needs the steps that the policy expects',
      code: 'expected-missing',
      find: 'if (missing !== undefined)',
      replace: "if (missing === '')",
    },
    {
      rule: 'an expected step is there',
      code: 'expected-missing',
      find: "return found.length === 0 || found.some(({ step }) => step.status !== 'success');",
      replace: "return found.some(({ step }) => step.status !== 'success');",
    },
    {
      rule: 'an expected step has succeeded under each of its names',
      code: 'expected-missing',
      find: "return found.length === 0 || found.some(({ step }) => step.status !== 'success');",
      replace: "return !found.some(({ step }) => step.status === 'success');",
    },
    {
      rule: "a build that has not ended has no verdict of Drone's",
      code: 'drone-lost',
      find: 'if (!isDone(build)) return unfinished(seen);',
      replace: 'if (!isDone(build)) return success(seen);',
    },
    {
      rule: 'a killed build is cancelled only when we asked for it',
      code: 'build-killed',
      find: 'if (asked !== undefined)',
      replace: "if (asked !== 'operator')",
    },
    {
      rule: 'a cancel that did not reach the step is lost',
      code: 'cancel-lost',
      find: "  if (cancelLost !== undefined)\n    return {\n      verdict: 'cancel-lost',\n      code: 'cancel-lost',\n      message: `the cancel of",
      replace:
        "  if (cancelLost === '')\n    return {\n      verdict: 'cancel-lost',\n      code: 'cancel-lost',\n      message: `the cancel of",
    },
    {
      rule: 'a build that Drone killed at its own time-out is told so',
      code: 'build-timed-out',
      find: 'if (byTimeout(seen))',
      replace: 'if (seen.timeout < 0)',
    },
    {
      rule: "Drone's own error text is told only where the log may be",
      find: "seen.details && text !== undefined && text !== ''",
      replace: "text !== undefined && text !== ''",
    },
    {
      rule: "Drone's own error text is quoted",
      find: '`: ${quoteOf(seen)(text, 500)}`',
      replace: '`: ${text}`',
    },
  ],
);

const limits = guardsOf(
  'drone',
  'src/drone/limits.ts',
  [limitsTest],
  [
    {
      rule: 'a build is pending for a bounded time',
      code: 'never-started',
      find: "if (this.#phase === 'pending' && waited > queue) return 'queue';",
      replace: '',
    },
    {
      rule: 'a build is blocked for a bounded time',
      code: 'build-blocked',
      find: "if (this.#phase === 'blocked' && waited > blocked) return 'blocked';",
      replace: '',
    },
    {
      rule: 'a build runs for a bounded time',
      code: 'run-limit',
      find: "if (this.#ranSince !== undefined && now - this.#ranSince > run) return 'run';",
      replace: '',
    },
    {
      rule: 'a build whose runner is gone is not waited for',
      code: 'runner-lost',
      find: "      now - this.#signAt > this.#timeout + lost\n    )\n      return 'runner-lost';",
      replace: "      now - this.#signAt > 1e15\n    )\n      return 'runner-lost';",
    },
    {
      rule: 'a runner that gives a sign is not gone',
      code: 'runner-lost',
      find: '      now - this.#signAt > this.#timeout + lost\n',
      replace: '      now > this.#signAt\n',
    },
    {
      rule: 'a blocked stage is not a queue',
      code: 'build-blocked',
      find: "if (has('blocked')) return 'blocked';",
      replace: '',
    },
    {
      rule: 'a stage that nobody takes is a queue, whatever the build says',
      code: 'never-started',
      find: "if (has('pending')) return 'pending';",
      replace: '',
    },
  ],
);

export const guards: readonly Guard[] = [...verdictRules, ...limits];
