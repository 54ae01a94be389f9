import { type Guard, guardsOf } from '../../guard.ts';

// Old builds as they are reported, and what makes one another one.

const promote = 'test/cell/promote.test.ts';

const reads = guardsOf(
  'drone',
  'src/drone/old-builds.ts',
  [promote],
  [
    {
      rule: 'a build whose event, status, ref or commit has changed is another one',
      code: 'build-not-allowed',
      find: 'if (key !== undefined) return',
      replace: 'if (key !== undefined && before.number < 0) return',
      only: 'right before it is promoted',
    },
    {
      rule: 'a build whose parameters have changed is another one',
      code: 'build-not-allowed',
      find: "return same ? undefined : 'its parameters are others';",
      replace: "return same || before.number > 0 ? undefined : 'its parameters are others';",
      only: 'right before it is promoted',
    },
    {
      rule: 'a report is bounded by its builds',
      find: 'builds.length === maxCandidates || bytes > maxCandidateBytes',
      replace: 'builds.length > 1e6 || (builds.length < maxCandidates && bytes > maxCandidateBytes)',
      only: 'has at most 100 builds',
    },
    {
      rule: 'a report is bounded by its bytes',
      find: 'builds.length === maxCandidates || bytes > maxCandidateBytes',
      replace: 'builds.length === maxCandidates || bytes > 1e3 * maxCandidateBytes',
      only: 'has no more than a quarter of a megabyte',
    },
    {
      rule: 'a build that no report can hold is left out',
      code: 'build-not-allowed',
      find: 'if (!isWanted(old, wanted) || !canBeTold(old)) continue;',
      replace: 'if (!isWanted(old, wanted)) continue;',
      only: 'leaves out what no ordinary build has',
    },
  ],
);

const lost = guardsOf(
  'drone',
  'src/drone/recover.ts',
  ['test/cell/recover.test.ts'],
  [
    {
      rule: 'a build with our nonce that is older than the task was planted',
      code: 'trigger-unknown',
      find: 'base: options.base ?? 0',
      replace: 'base: 0',
      only: 'and is older than what was there before the trigger was planted',
    },
  ],
);

const origin = guardsOf(
  'drone',
  'src/drone/ours.ts',
  [promote],
  [
    {
      rule: 'a promotion is ours only if it is made of the build that was chosen',
      code: 'not-ours',
      find: 'if (parent !== again.number) return',
      replace: 'if (parent < 0) return',
      only: 'is left alone',
    },
    {
      rule: 'a promotion is ours only if it goes to the target that was asked for',
      code: 'not-ours',
      find: 'return target === again.target ? undefined',
      replace: "return target !== '' ? undefined",
      only: 'is left alone',
    },
  ],
);

const edition = guardsOf(
  'drone',
  'src/drone/refused-trigger.ts',
  [promote],
  [
    {
      rule: 'a Drone that has no promote is told to be its open source edition',
      code: 'task-not-available',
      find: 'if (status === 501 && task.again !== undefined)',
      replace: 'if (status === 599 && task.again !== undefined)',
      only: 'in the open source edition of Drone is not available',
    },
  ],
);

export const guards: readonly Guard[] = [...reads, ...lost, ...origin, ...edition];
