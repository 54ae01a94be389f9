import { type Guard, guardsOf } from '../../guard.ts';

// Following a build, and a cancel that cancels.

const cancelTest = 'test/drone/cancel.test.ts';
const traps = 'test/drone/traps.test.ts';

const follow = guardsOf(
  'drone',
  'src/drone/follow.ts',
  [traps],
  [
    {
      rule: 'a Drone that came back as another one is not believed',
      code: 'drone-answer-malformed',
      find: 'if (sameBuild(options.build, build)) return build;',
      replace: 'if (build.number > 0) return build;',
      only: 'trap 21: a server that comes back as another one',
    },
    {
      rule: 'a Drone that does not come back leaves the outcome unknown',
      code: 'drone-lost',
      find: 'if (now - seenAt > limits.lost) {',
      replace: 'if (now - seenAt > 1e12) {',
      only: 'trap 21: a server that does not come back',
    },
    {
      rule: 'only an answer of 200 tells of the build',
      code: 'drone-lost',
      find: 'if (answer.status !== 200)\n      return',
      replace: 'if (answer.status === 0)\n      return',
      tests: ['test/drone/guards.test.ts'],
    },
    {
      rule: 'a limit that is over ends the build',
      find: 'else if (limit !== undefined) cancelling = begin(undefined, limit);',
      replace: '',
      only: 'trap 11: pending for ever has a limit',
    },
    {
      rule: 'a cancel ends the build',
      code: 'cancelled',
      find: 'if (cancel.aborted) cancelling = begin(reasonOf(cancel), undefined);\n        else if',
      replace: 'if',
      tests: [cancelTest],
    },
  ],
);

const cancelRules = [
  ...guardsOf(
    'drone',
    'src/drone/cancel.ts',
    [cancelTest],
    [
      {
        rule: 'a cancel is timed to the moment in which Drone hears it',
        find: '  await waitForWindow(options);\n',
        replace: '  void waitForWindow;\n',
      },
      {
        rule: 'a cancel that meets another one is repeated',
        find: 'if (Date.now() >= until || options.over.aborted) return',
        replace: 'if (Date.now() > 0) return',
      },
      {
        rule: 'a cancel that Drone never takes is lost',
        code: 'cancel-lost',
        find: 'if (Date.now() >= until || options.over.aborted) return',
        replace: 'if (options.over.aborted) return',
      },
      {
        rule: 'a cancel is proved by the stored logs of the killed steps',
        code: 'cancel-lost',
        find: 'if (running.length === 0) return { sent: true };',
        replace: 'if (running.length >= 0) return { sent: true };',
      },
      {
        rule: 'a build that is over is not cancelled',
        find: 'if (options.over.aborted) return { sent: false };',
        replace: '',
      },
    ],
  ),
  ...guardsOf(
    'drone',
    'src/drone/cancel-window.ts',
    [cancelTest],
    [
      {
        rule: 'the window in which a cancel is heard is the measured one',
        find: 'to: 28_000',
        replace: 'to: 38_000',
      },
      {
        rule: "a stage's start that is not exactly known narrows the window",
        find: ' && phase + width <= window.deaf',
        replace: '',
      },
      {
        rule: 'a clock that cannot be right is not believed',
        find: 'told > now - 86_400_000 && told <= now + 5000',
        replace: 'told > 0',
        tests: ['test/drone/guards.test.ts'],
      },
    ],
  ),
];

export const guards: readonly Guard[] = [...follow, ...cancelRules];
