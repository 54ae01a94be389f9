import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isPlainActor,
  isPlainBranch,
  isPlainCommit,
  isPlainName,
  isPlainRef,
  isPlainRepository,
} from '../../src/protocol/index.ts';

const rules = { isPlainActor, isPlainBranch, isPlainCommit, isPlainName, isPlainRef, isPlainRepository };
const long = (length: number) => 'a'.repeat(length);

describe.each<[keyof typeof rules, readonly string[], readonly string[]]>([
  [
    'isPlainRef',
    ['refs/heads/main', 'refs/tags/v1.2.3', 'refs/heads/release/2026_08-x', `refs/heads/${long(201)}`],
    [
      'main',
      'refs/heads/',
      'refs/pull/1/head',
      'refs/heads/.x',
      'refs/heads/-x',
      `refs/heads/${long(202)}`,
      'REFS/heads/x',
    ],
  ],
  ['isPlainBranch', ['main', 'a/b.c_d-e', long(201)], ['', '/a', '.a', '-a', '_a', long(202)]],
  [
    'isPlainName',
    ['production', 'eu-west/1', 'default/deploy', long(101)],
    ['', 'Production EU', '/a', '-a', long(102)],
  ],
  [
    'isPlainCommit',
    ['0'.repeat(40), 'f'.repeat(64)],
    ['', 'HEAD', 'A'.repeat(40), long(39), long(41), long(63), long(65)],
  ],
  [
    'isPlainRepository',
    ['octo/widgets', 'mona_corp/.github', 'a/a.b_c-d', `${long(100)}/${long(100)}`],
    [
      'octo',
      '/x',
      'x/',
      '-a/b',
      '_a/b',
      'a.b/c',
      'a/..',
      'a/.',
      'a/b/c',
      `${long(101)}/b`,
      `a/${long(101)}`,
      'осto/widgets',
    ],
  ],
  [
    'isPlainActor',
    ['octocat', 'mona_corp', 'dependabot[bot]', long(80)],
    ['', 'a b', '[bot]', 'x[bot][bot]', long(81)],
  ],
])('%s', (name, accepted, refused) => {
  const isPlain = rules[name];
  const sample = accepted[0] ?? '';

  it.each(accepted)('accepts %s', (text) => {
    expect(isPlain(text)).toBe(true);
  });

  it.each(refused)('refuses %s', (text) => {
    expect(isPlain(text)).toBe(false);
  });

  it.each([
    '$(id)',
    '`id`',
    ' ',
    '\n',
    '\r',
    '\0',
    ';',
    '|',
    '&',
    '"',
    "'",
    '\\',
    '%',
    '?',
    '#',
    '*',
    '~',
    '^',
    ':',
    '@{',
    'é',
    '\u2024',
  ])('refuses %j at every place', (evil) => {
    for (let at = 0; at <= sample.length; at++)
      expect(isPlain(sample.slice(0, at) + evil + sample.slice(at))).toBe(false);
  });

  it('accepts nothing that a shell, a URL or a path reads as more than a word', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat({ max: sample.length }), (text, at) => {
        const whole = sample.slice(0, at) + text + sample.slice(at);
        if (isPlain(whole)) expect(whole).toMatch(/^[\w./[\]-]+$/);
      }),
    );
  });
});

describe.each<[keyof typeof rules, string]>([
  ['isPlainRef', 'refs/heads/a'],
  ['isPlainBranch', 'a'],
  ['isPlainName', 'a'],
])('%s', (name, prefix) => {
  it.each(['..', '//', '/../b', '//b', 'b..c'])('refuses %s behind a plain beginning', (end) => {
    expect(rules[name](prefix + end)).toBe(false);
    expect(rules[name](`${prefix}.b/c`)).toBe(true);
  });
});
