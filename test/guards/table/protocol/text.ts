import { type Guard, guardsOf } from '../../guard.ts';

// Strings that travel into Drone, and foreign text in our own messages.

const malformed = 'test/protocol/malformed.test.ts';

const plain = guardsOf(
  'protocol',
  'src/protocol/plain.ts',
  ['test/protocol/plain.test.ts'],
  [
    {
      rule: 'a plain ref is a branch or a tag',
      find: String.raw`plainRef = /^refs\/(?:heads|tags)\/`,
      replace: String.raw`plainRef = /^refs\/(?:heads|tags|pull)\/`,
    },
    {
      rule: 'a plain ref holds only letters, digits and . _ / -',
      find: String.raw`(?:heads|tags)\/[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/`,
      replace: String.raw`(?:heads|tags)\/[^ ]{0,200}$/`,
    },
    {
      rule: 'a plain ref holds no .. and no //',
      find: 'plainRef.test(text) && noDots(text)',
      replace: 'plainRef.test(text)',
    },
    {
      rule: 'a plain commit has 40 or 64 lower hex digits',
      find: '/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/',
      replace: '/^[0-9a-f]{39,64}$/i',
    },
    {
      rule: 'a plain repository is owner/name, and neither is . or ..',
      find: String.raw` && !/\/\.{1,2}$/.test(text)`,
      replace: '',
    },
    {
      rule: 'a plain actor is one word, with [bot] at its end at most',
      find: String.raw`/^[A-Za-z0-9_-]{1,80}(?:\[bot\])?$/`,
      replace: String.raw`/^[A-Za-z0-9_ $()-]{1,80}(?:\[bot\])?$/`,
    },
    {
      rule: 'a plain name holds no .. and no //',
      find: 'plainName.test(text) && noDots(text)',
      replace: 'plainName.test(text)',
    },
    {
      rule: 'a plain branch holds no .. and no //',
      find: 'plainBranch.test(text) && noDots(text)',
      replace: 'plainBranch.test(text)',
    },
    {
      rule: 'an id is 32 lower hex digits',
      code: 'input-wrong-type',
      find: '/^[0-9a-f]{32}$/',
      replace: '/^[0-9a-f]*$/i',
      tests: [malformed],
    },
    {
      rule: 'a text is a text, not what could become one',
      code: 'input-wrong-type',
      find: "typeof value === 'string' && isSo(value)",
      replace: 'isSo(String(value))',
      tests: [malformed],
    },
    {
      rule: 'a text is no longer and no shorter than it may be',
      code: 'input-wrong-type',
      find: 'value.length >= min && value.length <= max, `a text',
      replace: 'value.length >= 0, `a text',
      tests: [malformed],
    },
    {
      rule: 'a word is printable and has no blanks',
      code: 'input-wrong-type',
      find: String.raw` && /^[\x21-\x7e]*$/.test(value)`,
      replace: '',
      tests: [malformed],
    },
    {
      rule: 'a number is whole and keeps its last digit',
      code: 'input-wrong-type',
      find: 'Number.isSafeInteger(value) &&',
      replace: "typeof value === 'number' &&",
      tests: [malformed],
    },
    {
      rule: 'a number lies within its bounds',
      code: 'input-wrong-type',
      find: ' && (value as number) >= min && (value as number) <= max',
      replace: '',
      tests: [malformed],
    },
  ],
);

const quoting = guardsOf(
  'protocol',
  'src/protocol/quote.ts',
  ['test/protocol/quote.test.ts'],
  [
    {
      rule: 'foreign text in a message is printable ASCII',
      find: String.raw`.replace(/[^\x20-\x7e]/g, escape)`,
      replace: '',
    },
    {
      rule: 'foreign text in a message holds no ::',
      find: String.raw`.replaceAll('::', ':\\u003a')`,
      replace: '',
    },
    {
      rule: 'foreign text in a message holds no ##[',
      find: String.raw`.replaceAll('##[', '#\\u0023[')`,
      replace: '',
    },
    {
      rule: 'foreign text in a message is short',
      find: 'JSON.stringify(text.slice(0, max))',
      replace: 'JSON.stringify(text)',
    },
  ],
);

export const guards: readonly Guard[] = [...plain, ...quoting];
