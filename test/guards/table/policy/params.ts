import { type Guard, guardsOf } from '../../guard.ts';

// Names, values and patterns of parameters: all of them reach a shell, a YAML file or Drone itself.

const params = 'src/policy/param-rules.ts';

const entries = guardsOf(
  'policy',
  'src/policy/schema-entry.ts',
  ['test/policy/param-rules.test.ts'],
  [
    {
      rule: 'a parameter is not called as Drone, a tool or a shell calls something',
      find: 'paramNameProblem(name) === undefined',
      replace: "name !== ''",
    },
    {
      rule: 'a literal value holds nothing that takes effect where Drone puts it',
      find: 'literalProblem(value) === undefined',
      replace: "value !== '\\0'",
    },
    {
      rule: 'a pattern is one that RE2 takes, linear in time',
      find: 'patternProblem(source) === undefined',
      replace: "source !== '\\0'",
    },
    {
      rule: 'a parameter has values or a pattern, and not both',
      find: '(values === undefined) !== (source === undefined)',
      replace: 'values !== null && source !== null',
    },
  ],
);

const parameters = [
  ...guardsOf(
    'policy',
    params,
    ['test/policy/param-rules.test.ts'],
    [
      {
        rule: "no parameter has a name of Drone's own query",
        find: 'if (reserved.has(upper))',
        replace: "if (upper === '' && reserved.has(upper))",
      },
      {
        rule: 'no parameter has a name in the ranges of Drone, tools and airlock',
        find: 'if (prefix !== undefined)',
        replace: "if (prefix === '')",
      },
      {
        rule: 'no parameter has a name that changes what programs do',
        find: 'if (dangerous.has(upper))',
        replace: "if (upper === '' && dangerous.has(upper))",
      },
      {
        rule: 'reserved names are reserved in any case of letters',
        find: 'const upper = name.toUpperCase();',
        replace: 'const upper = name;',
        tests: ['test/policy/guards.test.ts'],
      },
      {
        rule: 'a value has at most 256 bytes',
        code: 'param-value-not-allowed',
        find: 'if (Buffer.byteLength(value) > maxValueBytes)',
        replace: 'if (value.length > maxValueBytes)',
      },
      {
        rule: 'a value holds no line break and no control character',
        code: 'param-value-not-allowed',
        find: 'if (control.test(value))',
        replace: "if (value === '\\n')",
      },
      {
        rule: 'a value is valid Unicode',
        code: 'param-value-not-allowed',
        find: String.raw`if (/\p{Surrogate}/u.test(value))`,
        replace: "if (value === '\\n')",
      },
    ],
  ),
  ...guardsOf(
    'policy',
    'src/policy/param-point.ts',
    ['test/policy/param-hazards.test.ts'],
    [
      {
        rule: 'a value that would take effect is allowed only by a pattern that names it',
        code: 'param-value-not-allowed',
        find: 'pattern.matches(value) && hazardProblem(value, namerOf(pattern.source)) === undefined',
        replace: 'pattern.matches(value)',
      },
      {
        rule: 'a value matches the pattern of its parameter',
        code: 'param-value-not-allowed',
        find: 'pattern !== undefined && pattern.matches(value) &&',
        replace: 'pattern !== undefined &&',
        tests: ['test/policy/decide.test.ts'],
      },
    ],
  ),
  ...guardsOf(
    'policy',
    'src/policy/named.ts',
    ['test/policy/param-hazards.test.ts'],
    [
      {
        rule: 'a class of what may not be names nothing',
        find: "text: negated ? '' : text,",
        replace: 'text,',
      },
    ],
  ),
  ...guardsOf(
    'policy',
    'src/policy/pattern.ts',
    ['test/policy/param-rules.test.ts'],
    [
      {
        rule: 'a pattern must match the whole value',
        code: 'param-value-not-allowed',
        find: 'compiled.matches(value)',
        replace: 'compiled.matcher(value).find()',
      },
    ],
  ),
];

export const guards: readonly Guard[] = [...entries, ...parameters];
