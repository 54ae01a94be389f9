import { type Guard, guardsOf } from '../../guard.ts';

// The forms of single values in a policy.

const fields = 'test/policy/fields.test.ts';

const shapes = guardsOf(
  'policy',
  'src/policy/shapes.ts',
  [fields],
  [
    { rule: 'a key that is not known is refused', find: 'v.strictObject(entries)', replace: 'v.object(entries)' },
    {
      rule: 'a list that is there names something',
      find: "v.minLength(1, 'is empty; name at least one, or leave the key out')",
      replace: "v.minLength(0, 'is empty; name at least one, or leave the key out')",
      tests: ['test/policy/json-schema.test.ts'],
    },
    {
      rule: 'a list names nothing twice',
      find: 'all.indexOf(value) === index',
      replace: 'all.indexOf(value) <= index',
    },
    {
      rule: 'a list is no map',
      find: 'if (!Array.isArray(dataset.value)) return run.call(schema, dataset, config);',
      replace: 'if (config !== null) return run.call(schema, dataset, config);',
      tests: ['test/policy/json-schema.test.ts'],
    },
    {
      rule: 'a risk is accepted by the word accepted and by no other',
      find: "v.literal('accepted', 'can only be accepted; write accepted, or remove it')",
      replace: 'v.any()',
      tests: ['test/policy/json-schema.test.ts'],
    },
  ],
);

const values = guardsOf(
  'policy',
  'src/policy/fields.ts',
  [fields],
  [
    {
      rule: 'a file is named by its whole path',
      find: String.raw`/^\/[^\x00-\x1f\x7f]{1,1024}$/`,
      replace: String.raw`/^[^\x00-\x1f\x7f]{1,1024}$/`,
    },
    {
      rule: 'a server is scheme, host and port and has no path',
      find: 'v.regex(originForm, originProblem)',
      replace: 'v.regex(urlForm, originProblem)',
    },
    {
      rule: 'a port is at most 65535',
      find: 'v.check(portFits, badPort)',
      replace: 'v.check((url) => portFits(url) || url !== badPort, badPort)',
    },
    { rule: 'an issuer is https', find: "url.startsWith('https://') || isLoopback(url)", replace: "url !== ''" },
    { rule: 'an issuer is written exactly: no slash at its end', find: "!url.endsWith('/')", replace: "url !== ''" },
    {
      rule: 'an address is an IP address',
      find: 'isIP(input) !== 0',
      replace: "input !== ''",
    },
    {
      rule: 'a size has its upper limit',
      find: 'bytes(input) <= bytes(most)',
      replace: 'bytes(input) <= Infinity',
    },
    {
      rule: 'a duration has its upper limit',
      find: 'milliseconds(input) <= milliseconds(most)',
      replace: 'milliseconds(input) <= Infinity',
    },
    { rule: 'a count is at least 1', find: 'v.minValue(1, ', replace: 'v.minValue(0, ' },
    { rule: 'a count has its upper limit', find: 'v.maxValue(most, ', replace: 'v.maxValue(most + 1, ' },
  ],
);

const names = guardsOf(
  'policy',
  'src/policy/names.ts',
  [fields],
  [
    {
      rule: 'no event that a fork or anybody can cause may ask',
      code: 'event-not-allowed',
      find: "['push', 'workflow_dispatch', 'release', 'schedule', 'merge_group'] as const",
      replace: "['push', 'workflow_dispatch', 'release', 'schedule', 'merge_group', 'pull_request'] as const",
    },
    {
      rule: 'a ref is a branch or a tag in full',
      find: String.raw`/^refs\/(?:heads|tags)\/(?!.*(?:\*\*|`,
      replace: String.raw`/^(?:refs\/(?:heads|tags|pull)\/)?(?!.*(?:\*\*|`,
    },
    {
      rule: 'a ref holds no **',
      find: String.raw`(?!.*(?:\*\*|\.\.|\/\/))[A-Za-z0-9*]`,
      replace: String.raw`(?!.*(?:\.\.|\/\/))[A-Za-z0-9*]`,
    },
    {
      rule: 'an image is pinned by its digest',
      find: ')*@)?sha256:[0-9a-f]{64}$/',
      replace: ')*@)?(?:sha256:[0-9a-f]{64}|[a-z]+|[a-z]+:[a-z0-9]+)$/',
    },
    {
      rule: "an accepted image is a name as a job's container gives it",
      find: String.raw`/^(?!docker:\/\/)[\x21-\x7e]{1,512}$/`,
      replace: '/^/',
    },
    { rule: 'a repository has an id above 0', find: 'v.minValue(1, idWrong)', replace: 'v.minValue(0, idWrong)' },
    {
      rule: 'a workflow is a path in .github/workflows',
      find: String.raw`/^\.github\/workflows\/[A-Za-z0-9_](`,
      replace: String.raw`/^(?:.*\/)?[A-Za-z0-9_](`,
    },
    {
      rule: 'a called workflow is named with its full ref or commit',
      find: String.raw`[A-Za-z0-9._/-]{0,200}|[0-9a-f]{40})$/`,
      replace: String.raw`[A-Za-z0-9._/-]{0,200}|[0-9a-f]{40}|[a-z0-9]+)$/`,
    },
    {
      rule: 'a trusted branch is a plain name',
      find: String.raw`/^(?!refs\/)(?!.*(?:\.\.|\/\/))[A-Za-z0-9]`,
      replace: '/^[A-Za-z0-9]',
    },
    {
      rule: 'a pinned commit is whole',
      find: '/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/',
      replace: '/^[0-9a-fA-F]{7,64}$/',
    },
    {
      rule: 'a step that must succeed is stage/step',
      find: String.raw`/^[A-Za-z0-9][A-Za-z0-9._ -]{0,99}\/`,
      replace: String.raw`/^(?:[A-Za-z0-9][A-Za-z0-9._ -]{0,99}\/)?`,
    },
  ],
);

export const guards: readonly Guard[] = [...shapes, ...values, ...names];
