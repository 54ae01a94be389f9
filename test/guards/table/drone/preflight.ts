import { type Guard, guardsOf } from '../../guard.ts';

// What is known before anything is triggered, and what a refused trigger means.

const preflight = 'test/drone/preflight.test.ts';
const trigger = 'test/drone/trigger.test.ts';
const find = 'test/drone/find.test.ts';

const before = guardsOf(
  'drone',
  'src/drone/preflight.ts',
  [preflight],
  [
    {
      rule: 'an unknown token is refused, also where a guest could read',
      code: 'drone-token-rejected',
      find: 'if (answer.status === 401) throw unauthorized();\n  if (answer.status === 403)',
      replace:
        "if (answer.status === 401) return { login: 'guest', admin: false, active: true };\n  if (answer.status === 403)",
    },
    {
      rule: 'the account is an active one',
      code: 'drone-token-rejected',
      find: 'if (!user.active) throw',
      replace: "if (user.login === '') throw",
      tests: ['test/drone/guards.test.ts'],
    },
    {
      rule: 'the token belongs to an accepted account',
      code: 'drone-login-not-accepted',
      find: 'if (options.logins && !options.logins.includes(user.login))',
      replace: "if (user.login === '')",
    },
    {
      rule: 'another API that answers in JSON is no Drone',
      code: 'not-a-drone',
      find: "if (answer.status !== 200)\n    throw new Refusal({\n      code: 'not-a-drone',",
      replace: "if (answer.status === 0)\n    throw new Refusal({\n      code: 'not-a-drone',",
    },
    {
      rule: 'Drone knows the repository',
      code: 'drone-repository-not-found',
      find: 'if (answer.status !== 200) throw notFound(repository, account);\n  const repo',
      replace:
        'if (answer.status !== 200) return { slug: repository, active: true, user_id: 1, timeout: 60, counter: 0 };\n  const repo',
    },
    {
      rule: 'the repository of the answer is the one that was asked for',
      code: 'drone-repository-not-found',
      find: 'if (repo.slug.toLowerCase() !== repository.toLowerCase()) throw',
      replace: "if (repo.slug === '') throw",
    },
    {
      rule: 'the account may start builds of the repository',
      code: 'drone-no-write-permission',
      find: 'if (repo.permissions?.write !== true && !user.admin) throw',
      replace: "if (repo.slug === '') throw",
    },
    {
      rule: 'a disabled repository is not built, although Drone would',
      code: 'drone-repository-disabled',
      find: "if (!repo.active && (never || options.disabled !== 'accepted')) throw",
      replace: "if (repo.slug === '') throw",
    },
    {
      rule: 'a repository that was never enabled is refused, whatever the policy accepts',
      code: 'drone-repository-disabled',
      find: "(never || options.disabled !== 'accepted')",
      replace: "options.disabled !== 'accepted'",
    },
    {
      rule: 'a Drone that keeps failing is unreachable',
      code: 'drone-unreachable',
      find: 'const tries = 3;',
      replace: 'const tries = 4;',
    },
    {
      rule: 'a token that is rejected is not tried again',
      code: 'drone-token-rejected',
      find: 'if (answer.status < 500) return answer;',
      replace: 'if (answer.status < 400) return answer;',
    },
  ],
);

const refusedTrigger = guardsOf(
  'drone',
  'src/drone/refused-trigger.ts',
  [trigger],
  [
    {
      rule: 'a commit that Drone cannot read is told',
      code: 'drone-commit-not-found',
      find: "if (message.startsWith('No commit found for SHA'))",
      replace: "if (message === '\\0')",
    },
    {
      rule: 'an owner who lost the access is told apart from a commit that is not there',
      code: 'drone-owner-access-lost',
      find: "if (message === 'Bad credentials' || message === 'Unauthorized')",
      replace: "if (message === '\\0')",
    },
    {
      rule: 'an error of the source code host is told apart from a commit that is not there',
      code: 'drone-scm-failed',
      find: "if (message !== 'Not Found')",
      replace: "if (message === '\\0')",
    },
    {
      rule: 'a missing .drone.yml is told, and made no build',
      code: 'drone-config-missing',
      find: "if (status === 500 && (message === 'configuration: not found' || message === 'Not Found'))",
      replace: "if (status === 500 && message === '\\0')",
      tests: [trigger, 'test/drone/traps.test.ts'],
    },
    {
      rule: 'any other failure of Drone leaves open whether there is a build',
      find: 'if (isUndecided(status)) return undefined;',
      replace: 'void isUndecided;',
      tests: [find],
    },
    {
      rule: 'a repository that was never enabled is told',
      code: 'drone-repository-disabled',
      find: "if (message === 'sql: no rows in result set')",
      replace: "if (message === '\\0')",
      tests: ['test/drone/guards.test.ts'],
    },
  ],
);

const version = guardsOf(
  'drone',
  'src/drone/version.ts',
  ['test/drone/refusals.test.ts'],
  [
    {
      rule: 'a Drone whose API is not known is told before anything is triggered',
      code: 'drone-version-not-supported',
      find: 'const known = /^v?[12]',
      replace: 'const known = /^v?[0-9]+',
    },
    {
      rule: 'a version that cannot be had says nothing',
      find: '.catch(() => undefined);',
      replace: ';',
    },
  ],
);

const answers = guardsOf(
  'drone',
  'src/drone/answers.ts',
  ['test/drone/malformed.test.ts'],
  [
    {
      rule: 'an answer that a decision hangs on has its form',
      code: 'drone-answer-malformed',
      find: 'if (result.success) return result.output;',
      replace: 'if (result.typed || body !== null) return body as T;',
    },
    {
      rule: 'a parameter that nobody sent is seen, whatever it is called',
      find: 'params: v.optional(strings),',
      replace: 'params: v.optional(v.record(v.string(), v.string())),',
      tests: [trigger],
    },
  ],
);

export const guards: readonly Guard[] = [...before, ...version, ...refusedTrigger, ...answers];
