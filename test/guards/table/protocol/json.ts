import { type Guard, guardsOf } from '../../guard.ts';

// The text of a document and its fields: what no room believes without looking.

const malformed = 'test/protocol/malformed.test.ts';
const hookMalformed = 'test/protocol/hook-input-malformed.test.ts';

const jsonRules = guardsOf(
  'protocol',
  'src/protocol/strict-json.ts',
  ['test/protocol/strict-json.test.ts', hookMalformed],
  [
    {
      rule: 'a document is no larger than its limit',
      code: 'input-too-large',
      find: 'if (bytes.byteLength > maxBytes)',
      replace: 'if (bytes.byteLength > 1e12)',
    },
    {
      rule: 'a document is valid UTF-8',
      code: 'input-not-utf8',
      find: '{ fatal: true, ignoreBOM: true }',
      replace: '{ fatal: false, ignoreBOM: true }',
    },
    {
      rule: 'a document has no byte order mark',
      code: 'input-not-json',
      find: '{ fatal: true, ignoreBOM: true }',
      replace: '{ fatal: true, ignoreBOM: false }',
    },
    {
      rule: 'a document is one JSON document and nothing else',
      code: 'input-not-json',
      find: "return refuse('input-not-json', `${what} is not one JSON document`, 'send one JSON document and nothing else');",
      replace: 'return null;',
    },
    {
      rule: 'a document is nested 32 deep at most',
      code: 'input-too-deep',
      find: 'if (open.length > maxDepth)',
      replace: 'if (open.length > 1e9)',
    },
    {
      rule: 'no key is called __proto__',
      code: 'input-forbidden-key',
      find: "if (key === '__proto__')",
      replace: "if (key === '__proto__' && text === '')",
    },
    {
      rule: 'no key stands twice in one object',
      code: 'input-duplicate-key',
      find: 'const other = holder.keys.get(folded);',
      replace: 'const same = holder.keys.get(folded);\n        const other = same === key ? undefined : same;',
    },
    {
      rule: 'no two keys differ only in case',
      code: 'input-case-variant-key',
      find: 'holder.foldCase ? fold(key) : key',
      replace: 'key',
    },
    {
      rule: 'keys are folded both ways, so that U+212A meets k',
      code: 'input-case-variant-key',
      find: 'key.toUpperCase().toLowerCase()',
      replace: 'key.toUpperCase()',
    },
    {
      rule: 'case counts only directly under environmentVariables',
      code: 'input-case-variant-key',
      find: 'caseSensitiveUnder === undefined || open.at(-1)?.lastKey !== caseSensitiveUnder',
      replace: 'caseSensitiveUnder === undefined',
    },
    {
      rule: 'keys are compared as they are read, not as they are written',
      code: 'input-duplicate-key',
      find: 'const key = JSON.parse(text.slice(at, end + 1)) as string;',
      replace: 'const key = text.slice(at + 1, end);',
    },
    {
      rule: 'a key is a key however much white space stands before its colon',
      code: 'input-duplicate-key',
      find: String.raw`while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at++;`,
      replace: '',
    },
  ],
);

const schemas = guardsOf(
  'protocol',
  'src/protocol/schema.ts',
  ['test/protocol/shape.test.ts', malformed],
  [
    {
      rule: 'an object has no field that nobody knows',
      code: 'input-unknown-field',
      find: 'if (!Object.hasOwn(entries, key)) return wrong',
      replace: "if (key === '') return wrong",
      tests: [malformed],
    },
    {
      rule: 'a list is no object',
      code: 'input-wrong-type',
      find: ' && !Array.isArray(value)',
      replace: '',
    },
  ],
);

const shapes = guardsOf(
  'protocol',
  'src/protocol/shape.ts',
  ['test/protocol/shape.test.ts', malformed],
  [
    {
      rule: 'no map of texts has a name __proto__',
      code: 'input-wrong-type',
      find: "if (key === '__proto__' || !isName(key))",
      replace: 'if (!isName(key))',
    },
    {
      rule: 'a map of texts inherits nothing',
      find: 'const output = Object.create(null) as',
      replace: 'const output = {} as',
    },
    {
      rule: 'a map of texts has no more entries than it may',
      code: 'input-wrong-type',
      find: 'Object.keys(input).length <= maxEntries',
      replace: 'maxEntries > 0',
      tests: ['test/protocol/request.test.ts'],
    },
    {
      rule: 'a map of texts has no longer values than it may',
      code: 'input-wrong-type',
      find: ' || value.length > maxLength',
      replace: '',
    },
    {
      rule: 'what decides on a document is looked for among its own keys only',
      find: 'isObject(value) && Object.hasOwn(value, key)',
      replace: 'isObject(value)',
    },
  ],
);

const parse = guardsOf(
  'protocol',
  'src/protocol/parse.ts',
  ['test/protocol/parse.test.ts', 'test/protocol/any-input.test.ts'],
  [
    {
      rule: 'a field that is missing is told as missing',
      code: 'input-missing-field',
      find: "if (issue.received === 'undefined')",
      replace: "if (issue.received === 'nothing')",
    },
    {
      rule: 'a refusal never shows a value',
      find: '({ expected, type }: v.BaseIssue<unknown>) => expected?.replace(',
      replace: '({ expected, received, type }: v.BaseIssue<unknown>) => received + expected?.replace(',
    },
    {
      rule: 'a refusal quotes the path, whose names are foreign too',
      find: "quote(keys.join('.'))",
      replace: "keys.join('.')",
    },
  ],
);

export const guards: readonly Guard[] = [...schemas, ...jsonRules, ...shapes, ...parse];
