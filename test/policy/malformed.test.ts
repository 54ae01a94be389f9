import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PolicyError, loadPolicy } from '../../src/policy/index.ts';
import { anyText, file, problemsIn } from './sample.ts';

const good = `version: 1
image: { run: 'sha256:${'a'.repeat(64)}', accept: [airlock] }
identity: { audience: https://airlock.example }
drones: {}
`;

describe('YAML that two readers could take differently', () => {
  test('plain YAML is read', () => {
    expect(problemsIn(good)).toEqual([]);
    expect(problemsIn(`# comment\n---\n${good}...\n`)).toEqual([]);
    expect(problemsIn(good.replaceAll('\n', '\r\n'))).toEqual([]);
  });

  test.each([
    ['a duplicate key', `${good}version: 1\n`, 'version: stands here twice; keep one'],
    [
      'a duplicate key in flow form',
      `${good}limits: { run: 1h, run: 2h }\n`,
      'limits.run: stands here twice; keep one',
    ],
    [
      'an anchor',
      good.replace('{ audience', '&a { audience'),
      'identity: the anchor &a is not read; remove it and write values out',
    ],
    ['an alias', `${good}limits: *a\n`, 'limits: the alias *a is not read; write the value out'],
    ['a merge key', `${good}limits: { <<: { run: 1h } }\n`, 'limits: merge keys (<<) are not read; write the keys out'],
    ['a tag', good.replace('version: 1', 'version: !!int 1'), 'version: YAML tags (!) are not read; remove the tag'],
    [
      'a tag of its own',
      `${good}limits: !limits {}\n`,
      'policy: this is not YAML: Unresolved tag: !limits; correct it here',
    ],
    [
      'a tag on a key',
      good.replace('version', '!!str version'),
      'policy: anchors and tags are not read; remove it from this key',
    ],
    ['a number as key', `${good}1: x\n`, 'policy: a key here is no text; write it as a word, in quotes if need be'],
    ['a list as key', `${good}? [a]\n: x\n`, 'policy: a key here is no text; write it as a word, in quotes if need be'],
    ['no key at all', `${good}: x\n`, 'policy: a key here is no text; write it as a word, in quotes if need be'],
    ['__proto__', `${good}__proto__: { a: 1 }\n`, 'policy: "__proto__" cannot be a key; choose another name'],
    [
      'constructor',
      good.replace('drones: {}', 'drones: { constructor: 1 }'),
      'drones: "constructor" cannot be a key; choose another name',
    ],
    [
      'prototype',
      good.replace('drones: {}', 'drones: { prototype: 1 }'),
      'drones: "prototype" cannot be a key; choose another name',
    ],
    ['toString', `${good}toString: 1\n`, 'policy: "toString" cannot be a key; choose another name'],
    ['YAML 1.1', `%YAML 1.1\n---\n${good}`, 'policy: YAML directives are not read; remove the line that begins with %'],
    [
      'a tag directive',
      `%TAG ! tag:x,2000:\n---\n${good}`,
      'policy: YAML directives are not read; remove the line that begins with %',
    ],
    ['a second document', `${good}---\n${good}`, 'policy: a second document begins; keep one policy in one file'],
    [
      'an octal number',
      good.replace('version: 1', 'version: 0o1'),
      'version: 0o1 is no plain whole number; write digits alone, or quotes if it is text',
    ],
    [
      'a leading zero',
      good.replace('version: 1', 'version: 01'),
      'version: 01 is no plain whole number; write digits alone, or quotes if it is text',
    ],
    [
      'a float',
      good.replace('version: 1', 'version: 1.0'),
      'version: 1.0 is no plain whole number; write digits alone, or quotes if it is text',
    ],
    [
      'an exponent',
      good.replace('version: 1', 'version: 1e0'),
      'version: 1e0 is no plain whole number; write digits alone, or quotes if it is text',
    ],
    [
      'a sign',
      good.replace('version: 1', 'version: +1'),
      'version: +1 is no plain whole number; write digits alone, or quotes if it is text',
    ],
    [
      'infinity',
      good.replace('version: 1', 'version: .inf'),
      'version: .inf is no plain whole number; write digits alone, or quotes if it is text',
    ],
    [
      'sixteen digits',
      good.replace('version: 1', 'version: 1234567890123456'),
      'version: 1234567890123456 is no plain whole number; write digits alone, or quotes if it is text',
    ],
    [
      'an unclosed bracket',
      `${good}limits: [\n`,
      'policy: this is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]; correct it here',
    ],
    ['tabs', `limits:\n\t- a\n`, 'policy: this is not YAML: Tabs are not allowed as indentation; correct it here'],
  ])('%s is refused', (_, text, problem) => {
    expect(problemsIn(text)).toContain(problem);
  });

  test('words of YAML 1.1 are text, not booleans', () => {
    expect(problemsIn(`${good}limits: { run: yes }\n`)).toEqual([
      'limits.run: is no duration; write a whole number and s, m or h, as in 90s, 10m, 2h',
    ]);
  });

  test('a bad place is told once, without what follows from it', () => {
    expect(problemsIn(good.replace('version: 1', 'version: 01'))).toHaveLength(1);
    expect(problemsIn(good.replace('{ audience', '&a { audiance'))).toHaveLength(1);
  });
});

describe('text without end', () => {
  test('a MiB is read, one byte more is refused', () => {
    const fill = (size: number) => `${good}#${'x'.repeat(size - good.length - 1)}`;
    expect(problemsIn(fill(1_048_576))).toEqual([]);
    expect(problemsIn(fill(1_048_577))).toEqual([
      'policy: is larger than 1048576 bytes; split the installation or shorten the file',
    ]);
  });

  test.each([
    ['brackets', '['.repeat(100_000)],
    ['maps', '{a: '.repeat(100_000)],
    ['dashes', '- '.repeat(100_000)],
    ['question marks', '? '.repeat(100_000)],
    ['indentation', Array.from({ length: 100 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('%s that nest without end are refused before they are composed', (_, text) => {
    expect(problemsIn(text)).toEqual(['policy: is nested too deep; a policy needs 7 levels']);
  });

  test('an alias bomb is refused at its anchors and never expanded', () => {
    const bomb = `a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n`;
    expect(problemsIn(bomb)).toContain('a: the anchor &a is not read; remove it and write values out');
    expect(problemsIn(bomb)).toContain('c[1]: the alias *b is not read; write the value out');
  });
});

describe('whatever the text is, the loader answers with a policy or a PolicyError', () => {
  const onlyPolicyErrors = (text: string): void => {
    try {
      loadPolicy(text, 'policy.yaml');
    } catch (error) {
      expect(error).toBeInstanceOf(PolicyError);
      const { problems, message } = error as PolicyError;
      expect(problems.length).toBeGreaterThan(0);
      for (const { line, column } of problems) expect(Math.min(line, column)).toBeGreaterThanOrEqual(1);
      expect(message.split('\n').length).toBe(Math.min(problems.length, 101));
    }
  };

  test('for any text', () => {
    fc.assert(fc.property(anyText(200), onlyPolicyErrors), { numRuns: 300 });
  });

  test('for any text made of what YAML is made of', () => {
    const piece = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&a',
      '*a',
      '|',
      '!x',
      '%',
      '#',
      '---\n',
      '?',
      '<<',
      '0x1',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => onlyPolicyErrors(pieces.join(''))),
      { numRuns: 400 },
    );
  });

  test('for any JSON', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 5 }), onlyPolicyErrors), { numRuns: 300 });
  });

  test('for a policy with any one value replaced by anything', () => {
    const paths = (value: unknown, at: (string | number)[] = []): (string | number)[][] =>
      typeof value === 'object' && value !== null
        ? [
            at,
            ...Object.entries(value).flatMap(([key, inner]) =>
              paths(inner, [...at, Array.isArray(value) ? Number(key) : key]),
            ),
          ]
        : [at];
    const set = (value: unknown, [key, ...rest]: (string | number)[], to: unknown): unknown => {
      if (key === undefined) return to;
      const copy = structuredClone(value) as Record<string | number, unknown>;
      copy[key] = set(copy[key], rest, to);
      return copy;
    };
    const any = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.string(), fc.constantFrom(null, [], {}, 0, '', true));
    fc.assert(
      fc.property(fc.constantFrom(...paths(file())), any, (path, to) =>
        onlyPolicyErrors(JSON.stringify(set(file(), path, to))),
      ),
      { numRuns: 400 },
    );
  });
});
