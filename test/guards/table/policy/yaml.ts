import { type Guard, guardsOf } from '../../guard.ts';

// YAML that two readers could understand in two ways.

const malformed = 'test/policy/malformed.test.ts';

export const guards: readonly Guard[] = [
  ...guardsOf(
    'policy',
    'src/policy/yaml-text.ts',
    [malformed],
    [
      {
        rule: 'a policy has at most 1 MiB',
        find: 'if (Buffer.byteLength(text) > maxBytes)',
        replace: 'if (text === null)',
      },
      {
        rule: 'a policy is nested no deeper than it needs',
        find: 'const maxStack = 48;',
        replace: 'const maxStack = 1000;',
      },
      {
        rule: 'a policy has no YAML directives',
        find: "if (token.type === 'directive')",
        replace: 'if (token === null)',
      },
      { rule: 'a policy is one document', find: 'if (document) throw', replace: 'if (document === null) throw' },
      {
        rule: 'a policy has no errors and no warnings of YAML',
        find: 'if (error) throw new Unreadable',
        replace: 'if (error === null) throw new Unreadable',
      },
    ],
  ),
  ...guardsOf(
    'policy',
    'src/policy/yaml.ts',
    [malformed],
    [
      {
        rule: 'no key stands twice in a policy',
        find: 'else if (Object.hasOwn(result, named.name))',
        replace: 'else if (named === null)',
      },
      { rule: 'a policy has no merge keys', find: "if (key.value === '<<')", replace: "if (key.value === '<<<')" },
      {
        rule: 'a policy has no keys that every object answers to',
        find: "if (key.value in Object.prototype || key.value === 'prototype')",
        replace: "if (key.value === '\\0')",
      },
      {
        rule: 'keys of a policy have no anchors and no tags',
        find: 'if (key.anchor !== undefined || key.tag !== undefined)',
        replace: 'if (key === null)',
      },
      { rule: 'a policy has no anchors', find: 'if (node.anchor !== undefined)', replace: 'if (node === undefined)' },
      { rule: 'a policy has no tags', find: 'if (node.tag !== undefined)', replace: 'if (node === undefined)' },
      {
        rule: 'numbers of a policy are written in digits',
        find: "typeof node.value === 'number' && !plainNumber.test(node.source)",
        replace: "typeof node.value === 'bigint'",
      },
      {
        rule: 'keys of a policy are text',
        find: "if (!isScalar(key) || typeof key.value !== 'string')",
        replace: 'if (!isScalar(key))',
      },
    ],
  ),
  ...guardsOf(
    'policy',
    'src/policy/problem.ts',
    ['test/policy/load.test.ts'],
    [
      {
        rule: 'a problem is told in one line, whatever the file holds',
        find: String.raw`text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, (c) => `,
        replace: 'text.replace(/\\0/g, (c) => ',
      },
      {
        rule: 'at most a hundred problems are told',
        find: '.slice(0, shown)',
        replace: '.slice(0, 1e9)',
      },
    ],
  ),
];
