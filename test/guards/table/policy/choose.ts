import { type Guard, guardsOf } from '../../guard.ts';

// Which old build may be promoted: everything that stands in it is somebody's word.

const choose = 'test/policy/choose-build.test.ts';
const code = 'build-not-allowed';

const events = guardsOf(
  'policy',
  'src/policy/choose-build.ts',
  [choose],
  [
    {
      rule: 'the build that was asked for is promoted and no other',
      code,
      find: 'plan.build === undefined || plan.build === old.number',
      replace: 'plan.build !== 0',
    },
    {
      rule: 'only builds of events that the entry lists are promoted',
      code,
      find: 'rule.events.includes(old.event)',
      replace: 'rule.events.length > 0',
    },
    {
      rule: 'only builds that succeeded are promoted',
      code,
      find: 'rule.status === old.status',
      replace: "rule.status === 'success'",
    },
    {
      rule: 'a custom build is promoted only if this gate made it',
      code,
      find: "const byCall = old.event === 'custom' || ",
      replace: 'const byCall = ',
    },
    {
      rule: 'a promotion is promoted on only if this gate made it',
      code,
      find: " || old.event === 'promote' || old.event === 'rollback';",
      replace: " || old.event === 'rollback';",
    },
    {
      rule: 'a rollback is promoted only if this gate made it',
      code,
      find: " || old.event === 'promote' || old.event === 'rollback';",
      replace: " || old.event === 'promote';",
    },
    {
      rule: 'with a trusted pipeline every build that is promoted was made by this gate',
      code,
      find: '(!byCall && rule.pipeline === undefined) || isMade(old, made)',
      replace: '!byCall || isMade(old, made)',
    },
    {
      rule: 'without DRONE_BUILD the newest build that fits is taken',
      find: '(a, b) => b.number - a.number',
      replace: '(a, b) => a.number - b.number',
    },
  ],
);

const ours = guardsOf(
  'policy',
  'src/policy/choose-build.ts',
  [choose],
  [
    {
      rule: 'a build that this gate made is known by its number',
      code,
      find: 'one.number === old.number &&',
      replace: '',
    },
    {
      rule: 'a build that this gate made is known by its event',
      code,
      find: 'one.event === old.event &&',
      replace: '',
    },
    {
      rule: 'a build that this gate made is known by its ref',
      code,
      find: '(one.ref === undefined || one.ref === old.ref) &&',
      replace: '',
    },
    {
      rule: 'a build that this gate made is known by its commit',
      code,
      find: '(one.commit === undefined || one.commit === old.commit) &&',
      replace: '',
    },
    {
      rule: 'a build that this gate made is known by all its parameters, the nonce among them',
      code,
      find: 'sameParams(one.params, old.params),',
      replace: 'sameParams(old.params, old.params),',
    },
    {
      rule: 'a build that has other parameters beside those that this gate gave is another one',
      code,
      find: 'names.length === Object.keys(b).length && names.every',
      replace: 'names.every',
    },
  ],
);

const sources = guardsOf(
  'policy',
  'src/policy/choose-build.ts',
  [choose],
  [
    {
      rule: 'the ref and the commit of a build that is promoted are plain',
      code,
      find: 'const isPlain = isPlainRef(old.ref) && isPlainCommit(old.commit);\n  const source = ',
      replace: 'const isPlain = true;\n  const source = rule.pipeline === undefined || ',
    },
    {
      rule: 'the source that a trusted pipeline served is plain',
      code,
      find: "const source = isPlainRef(refOf(old, rule) ?? '') && isPlainCommit(commitOf(old, rule) ?? '');",
      replace: 'const source = true;',
    },
    {
      rule: 'a build of a trusted pipeline ran the .drone.yml of its branch',
      code,
      find: 'old.ref === ref && (commit === undefined',
      replace: '(commit === undefined',
    },
    {
      rule: 'a build of a pinned pipeline ran the pinned .drone.yml',
      code,
      find: '(commit === undefined || old.commit === commit)',
      replace: 'commit !== old.status',
    },
    {
      rule: 'only builds of refs that the entry lists are promoted',
      code,
      find: 'rule.refs.some((glob) => refFits(glob, of))',
      replace: 'rule.refs.some((glob) => refFits(glob, glob))',
    },
    {
      rule: "of a trusted pipeline's build the source's ref is compared, not the pipeline's",
      code,
      find: "pipeline === undefined ? ref : own(params, 'AIRLOCK_REF')",
      replace: "pipeline !== null ? ref : own(params, 'AIRLOCK_REF')",
    },
    {
      rule: "only builds of the job's own commit are promoted, unless the entry says any",
      code,
      find: "rule.commit === 'any' || of === rule.source",
      replace: "rule.commit === 'any' || of !== ''",
    },
    {
      rule: "of a trusted pipeline's build the source's commit is compared, not the pipeline's",
      code,
      find: "pipeline === undefined ? commit : own(params, 'AIRLOCK_COMMIT')",
      replace: "pipeline !== null ? commit : own(params, 'AIRLOCK_COMMIT')",
    },
  ],
);

const inherited = guardsOf(
  'policy',
  'src/policy/old-params.ts',
  [choose],
  [
    {
      rule: 'a parameter that comes along and that the entry does not list is refused',
      code,
      find: 'if (rule === undefined) return `brings the parameter',
      replace: "if (rule === undefined) return name !== '' ? undefined : `brings the parameter",
    },
    {
      rule: 'a parameter that comes along has a value that the entry allows',
      code,
      find: 'return allows(rule, value) ? undefined',
      replace: 'return allows(rule, value) || rule !== null ? undefined',
    },
    {
      rule: 'a reserved parameter does not come along',
      code,
      find: 'if (name.startsWith(reserved)) return',
      replace: "if (name.startsWith(reserved) && name === '') return",
    },
    {
      rule: 'only a trusted pipeline keeps the source that it was told',
      code,
      find: 'if (pipeline !== undefined && sourceNames.includes(name)) return undefined;',
      replace: 'if (sourceNames.includes(name)) return undefined;',
    },
    {
      rule: 'a parameter that comes along is looked up among the listed ones, not among inherited ones',
      code,
      find: 'const rule = Object.hasOwn(params, name) ? params[name] : undefined;',
      replace: 'const rule = params[name];',
    },
    {
      rule: 'what is sent and what comes along fit into what Drone stores together',
      code,
      find: 'if (size > maxParamsBytes)',
      replace: 'if (size > 1e9)',
    },
  ],
);

const told = guardsOf(
  'policy',
  'src/policy/plan.ts',
  ['test/policy/plan.test.ts'],
  [
    {
      rule: 'a promotion does not tell a trusted pipeline another source than its old build served',
      find: 'isBuild ? sourceParams(claims) : askerParams(claims)',
      replace: 'isBuild ? sourceParams(claims) : { ...sourceParams(claims), ...askerParams(claims) }',
    },
    {
      rule: 'a promotion has no ref and no commit before its old build is chosen',
      find: '{ repository: where.repository, ref: undefined, commit: undefined }',
      replace: 'where',
    },
  ],
);

export const guards: readonly Guard[] = [...events, ...ours, ...sources, ...inherited, ...told];
