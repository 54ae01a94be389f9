import { type Guard, guardsOf } from '../../guard.ts';

// What is granted, and what a refusal tells.

const decide = 'test/policy/decide.test.ts';
const plan = 'test/policy/plan.test.ts';

const globs = guardsOf(
  'policy',
  'src/policy/glob.ts',
  ['test/policy/glob.test.ts'],
  [
    {
      rule: '* never crosses a /',
      code: 'ref-not-allowed',
      find: 'globs.length === segments.length && globs.every',
      replace: 'globs.every',
    },
    {
      rule: '* stands for no empty segment',
      code: 'ref-not-allowed',
      find: "if (segment === '') return false;",
      replace: '',
    },
    {
      rule: 'the pieces of a glob do not overlap',
      code: 'ref-not-allowed',
      find: 'segment.length < first.length + last.length || ',
      replace: '',
    },
    {
      rule: 'the pieces of a glob stand in their order',
      code: 'ref-not-allowed',
      find: 'segment.indexOf(piece, at)',
      replace: 'segment.indexOf(piece)',
      tests: ['test/policy/guards.test.ts'],
    },
    {
      rule: 'the middle of a glob does not reach into its end',
      code: 'ref-not-allowed',
      find: ' || found + piece.length > end',
      replace: '',
    },
  ],
);

const plans = guardsOf(
  'policy',
  'src/policy/plan.ts',
  [plan],
  [
    {
      rule: "with pipeline: same the job's own signed ref is built",
      find: 'ref: claims.ref, commit: claims.sha',
      replace: "ref: 'refs/heads/main', commit: claims.sha",
      tests: ['test/policy/guards.test.ts'],
    },
    {
      rule: "with pipeline: same the job's own signed commit is built",
      find: 'ref: claims.ref, commit: claims.sha',
      replace: 'ref: claims.ref, commit: undefined',
    },
    {
      rule: "a trusted pipeline is built at its own branch, whatever the job's ref is",
      find: 'ref: `refs/heads/${pipeline.branch}`',
      replace: 'ref: claims.ref',
    },
    {
      rule: "a trusted pipeline is built at its own commit, whatever the job's commit is",
      find: 'commit: pipeline.commit }',
      replace: 'commit: pipeline.commit ?? claims.sha }',
    },
    {
      rule: 'no job speaks in the place of the reserved parameters',
      find: '{ ...ask.params, ...ours }',
      replace: '{ ...ours, ...ask.params }',
      tests: ['test/policy/guards.test.ts'],
    },
    {
      rule: 'Drone gets the name of a bot without [bot]',
      find: String.raw`claims.actor.replace(/\[bot\]$/, '')`,
      replace: 'claims.actor',
    },
    {
      rule: 'the parameters fit into what Drone stores',
      code: 'params-too-large',
      find: 'if (size > maxParamsBytes)',
      replace: 'if (size > 1e9)',
    },
    {
      rule: 'the log of a public repository stays at status unless the policy says otherwise',
      find: "visibility === 'public' ? 'status' : 'full'",
      replace: "visibility === 'public' ? 'full' : 'full'",
    },
    {
      rule: 'a repository that is disabled in Drone is built only where the policy says so',
      code: 'drone-repository-disabled',
      find: 'disabled: repository.disabled',
      replace: "disabled: 'accepted'",
    },
    {
      rule: 'drone build has no target',
      find: 'target: isBuild ? undefined : ask.target',
      replace: 'target: ask.target',
      tests: [decide],
    },
  ],
);

const sizes = guardsOf(
  'policy',
  'src/policy/params-size.ts',
  [plan],
  [
    {
      rule: 'the parameters are counted as Drone stores them',
      code: 'params-too-large',
      find: String.raw`.replace(/[<>&\u2028\u2029]/g, '\\u0000')`,
      replace: '',
    },
    {
      rule: "the gate's own nonce is counted too",
      code: 'params-too-large',
      find: 'storedBytes(params) + nonceBytes',
      replace: 'storedBytes(params)',
    },
  ],
);

const closest = guardsOf(
  'policy',
  'src/policy/closest.ts',
  ['test/policy/closest.test.ts'],
  [
    {
      rule: 'an author hears nothing of other repositories',
      find: "path.slice(path.indexOf('.') + 1)",
      replace: 'path',
    },
    {
      rule: 'a refusal is bounded, however long the lists of the policy are',
      find: 'text.length > 4000 ? `${text.slice(0, 4000)}…` : text',
      replace: 'text',
      tests: ['test/policy/guards.test.ts'],
    },
  ],
);

export const guards: readonly Guard[] = [...globs, ...plans, ...sizes, ...closest];
