import { type Guard, guardsOf } from '../../guard.ts';

// One build, exactly one, and ours.

const trigger = 'test/drone/trigger.test.ts';
const find = 'test/drone/find.test.ts';

const own = guardsOf(
  'drone',
  'src/drone/ours.ts',
  [find],
  [
    {
      rule: 'a build that is older than the trigger is not ours',
      code: 'not-ours',
      find: 'if (build.number <= task.base)',
      replace: 'if (build.number < 0)',
    },
    {
      rule: 'a build of another event is not ours',
      code: 'not-ours',
      find: 'if (build.event !== eventOf(task)) return',
      replace: "if (build.event === '') return",
      tests: ['test/drone/guards.test.ts'],
    },
    {
      rule: 'a build that repeats another one is not ours',
      code: 'not-ours',
      find: 'if (origin !== undefined) return',
      replace: "if (origin === '') return",
    },
    {
      rule: 'a build of another commit is not ours',
      code: 'not-ours',
      find: 'if (task.commit !== undefined && build.after !== task.commit) return',
      replace: "if (build.event === '') return",
    },
    {
      rule: 'a build of another ref is not ours',
      code: 'not-ours',
      find: 'if (build.ref !== task.ref) return',
      replace: "if (build.event === '') return",
    },
    {
      rule: 'a build with other parameters is not ours',
      code: 'not-ours',
      find: 'if (!sameParams(task.params, build.params)) return',
      replace: "if (build.event === '') return",
    },
    {
      rule: 'a build with one parameter more is not ours',
      code: 'not-ours',
      find: 'keys.length === Object.keys(sent).length && keys.every(',
      replace:
        'Object.keys(sent).every((key) => Object.hasOwn(got, key)) && keys.filter((key) => Object.hasOwn(sent, key)).every(',
    },
    {
      rule: 'a build that another account started is not ours',
      code: 'not-ours',
      find: 'if (build.trigger !== task.login) return',
      replace: "if (build.event === '') return",
    },
  ],
);

const once = guardsOf(
  'drone',
  'src/drone/trigger.ts',
  [trigger],
  [
    {
      rule: 'a trigger that started nothing is not a success',
      code: 'drone-nothing-matched',
      find: 'if (answer.body === null)\n      return {',
      replace: 'if (answer.body === undefined)\n      return {',
    },
    {
      rule: 'a broken .drone.yml is told before anything is compared',
      code: 'config-invalid',
      find: "if (build.status === 'error' && build.number > task.base) return",
      replace: "if (build.event === '') return",
    },
    {
      rule: 'the answer to the trigger is compared with what was sent',
      code: 'not-ours',
      find: 'if (differs === undefined) return { build };',
      replace: "if (differs !== '') return { build };",
    },
    {
      rule: 'a wrong build that the trigger made is ended',
      code: 'not-ours',
      find: "const what = made ? await dropBuild(connection, task.repository, build, limits) : 'it was left alone';",
      replace: "const what = made ? 'it was cancelled' : 'it was left alone';",
    },
    {
      rule: "somebody else's build is left alone",
      code: 'not-ours',
      find: '(hasNonce(task, build) || (hasNoNonce(build) && build.trigger === task.login))',
      replace: '(hasNonce(task, build) || hasNoNonce(build) || true)',
    },
    {
      rule: 'of several builds of ours the lowest is followed and the others are ended',
      find: 'for (const other of others) await dropBuild(connection, task.repository, other, limits);',
      replace: 'void others;',
      tests: [find],
    },
    {
      rule: 'a trigger without an answer is looked for before it is repeated',
      code: 'trigger-unknown',
      find: 'if (found.ours.length > 0) return adopt(found.ours);\n    if (found.broken',
      replace: 'if (found.broken',
      tests: [find],
    },
    {
      rule: 'a trigger is repeated once at most, and only when absence is proved',
      code: 'trigger-unknown',
      find: 'if (sent === 2 || cancel.aborted || !found.absent) return',
      replace: 'if (sent === 2 || cancel.aborted) return',
      tests: [find],
    },
    {
      rule: 'a trigger is sent twice at most',
      code: 'trigger-unknown',
      find: 'if (sent === 2 || cancel.aborted || !found.absent) return',
      replace: 'if (sent === 3 || cancel.aborted || !found.absent) return',
      tests: [find],
    },
    {
      rule: 'a cancelled task is not triggered',
      code: 'cancelled',
      find: "if (cancel.aborted)\n      return { ending: { verdict: 'cancelled'",
      replace: "if (sent < 0)\n      return { ending: { verdict: 'cancelled'",
      tests: [find],
    },
    {
      rule: 'absence is proved by a list that was read after the last moment',
      code: 'trigger-unknown',
      find: 'if (found !== undefined && began >= until) return',
      replace: 'if (found !== undefined) return',
      tests: [find],
    },
  ],
);

const list = guardsOf(
  'drone',
  'src/drone/find.ts',
  [find],
  [
    {
      rule: 'a list that cannot be read says nothing',
      find: 'if (answer.status !== 200)\n',
      replace: 'if (answer.status !== 200) return { ours: [], whole: true };\n      if (answer.status !== 200)\n',
      tests: ['test/drone/guards.test.ts'],
    },
    {
      rule: 'every page that may hold newer builds is read',
      find: 'whole = builds.length < pageSize || builds.every((build) => build.number <= task.base);',
      replace: 'whole = builds.length >= 0;',
    },
  ],
);

export const guards: readonly Guard[] = [...own, ...once, ...list];
