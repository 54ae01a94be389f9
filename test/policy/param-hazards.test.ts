// Values that take effect where Drone puts them (recording 18: `1; echo injected; #` ran as a command). Each is refused by
// default with its reason, in the policy's own list and in a job, and allowed only by a pattern that names it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/policy/index.ts';
import { namerOf } from '../../src/policy/named.ts';
import { compilePattern } from '../../src/policy/pattern.ts';
import { allowing, ask, claims, entry, file, problems, repository } from './sample.ts';

const byPattern = (pattern: string) => allowing(entry({ params: { KEY: { pattern } } }));
const load = (value: string) =>
  problems(file({ repositories: [repository({ allow: [entry({ params: { KEY: { values: [value] } } })] })] }));

function decided(pattern: string, value: string): string {
  const decision = decide(byPattern(pattern), claims(), ask({ params: { KEY: value } }));
  return decision.allowed ? 'allowed' : decision.refusal.message.replace(/^.*: params: /, '');
}
const refusal = (why: string): string => `the value of KEY is not allowed: ${why}`;
const unnamed = (why: string): string => refusal(`${why}, and the entry's pattern does not name it in so many words`);

// biome-ignore format: a table is read by its columns
const hazards: readonly (readonly [value: string, why: string, pattern: string])[] = [
  ['a${DRONE_BRANCH}', 'it holds ${ and Drone would substitute it again', String.raw`[a-z]\$\{[A-Z_]+\}`],
  ['$(id)', 'it holds $( and a shell would run it', String.raw`\$\([a-z]+\)`],
  ['$HOME', 'it holds $ and a shell would put a variable in its place', String.raw`\$[A-Z]+`],
  ['`id`', 'it holds ` and a shell would run it', '`[a-z]+`'],
  ['1; echo injected', 'it holds ; and a shell would begin a new command', '[0-9;a-z ]+'],
  ['1;id', 'it holds ; and a shell would begin a new command', '1;id'],
  ['a&b', 'it holds & and a shell would begin a new command', '[a-z&]+'],
  ['a|b', 'it holds | and a shell would begin a new command', String.raw`a\|b`],
  ['a<b', 'it holds < and a shell would read a file', 'a<b'],
  ['a>b', 'it holds > and a shell would write a file', 'a[>]b'],
  ['a\\b', 'it holds \\ and it would change the meaning of what follows', String.raw`a\\b`],
  ['1: 2', 'it holds : and it would change the YAML that Drone puts it into', '[0-9]: [0-9]'],
  ['a:', 'it holds : and it would change the YAML that Drone puts it into', '[a-z: ]+'],
  ['a #b', 'it holds # and what follows would become a comment', '[a-z]+ #[a-z]+'],
  ["it's", "it holds ' and it would end a quoted text in YAML or a shell", "[a-z']+"],
  ['say "x"', 'it holds " and it would end a quoted text in YAML or a shell', String.raw`say \Q"x"\E`],
];

describe('a value that takes effect where Drone puts it', () => {
  test.each(hazards)('%j is refused in the list of an entry', (value, why) => {
    expect(load(value)).toEqual([
      `repositories[0].allow[0].params.KEY.values[0]: is refused: ${why}; remove it, or allow it in so many words by a pattern`,
    ]);
  });

  test.each(hazards)('%j of a job is refused although a wide pattern matches it', (value, why) => {
    for (const wide of ['.*', '(?s).+', '[^Z]*', '[ -~]+', String.raw`[\x20-\x7e]+`, '[[:print:]]+', String.raw`\PC*`])
      expect([wide, decided(wide, value)]).toEqual([wide, unnamed(why)]);
  });

  test.each(hazards)('%j is allowed by a pattern that names it', (value, _why, pattern) => {
    expect(decided(pattern, value)).toBe('allowed');
  });

  test('is refused for what the pattern does not name, though it names another', () => {
    expect(decided('[;-~ -9]+', '1;id')).toBe(unnamed('it holds ; and a shell would begin a new command'));
    expect(decided('[a-z&]+|.*', 'a&&b;c')).toBe(unnamed('it holds ; and a shell would begin a new command'));
    expect(decided('a&b|.*', 'x&y')).toBe('allowed');
  });

  test('and that no pattern matches is told so, and is not shown', () => {
    const told = decided('[a-z]+', 's3cret;x');
    expect(told).toBe('the value of KEY is not allowed, the entry wants a value that matches [a-z]+');
  });

  test('is never shown', () => {
    expect(decided('.*', 's3cret;x')).not.toContain('s3cret');
  });
});

describe('what no pattern can allow', () => {
  // biome-ignore format: a table is read by its columns
  test.each([
    ['a line feed', '\n'], ['a carriage return', '\r'], ['a tab', '\t'], ['a vertical tab', '\v'], ['a form feed', '\f'], ['NUL', '\0'],
    ['an escape', '\u001b'], ['DEL', '\u007f'], ['NEL', '\u0085'], ['a line separator', '\u2028'], ['a paragraph separator', '\u2029'],
  ])('%s', (_name, text) => {
    const line = 'it holds a line break or a control character';
    for (const pattern of ['(?s).*', `(?s)a${text}b|.*`])
      expect(decided(pattern, `a${text}b`)).toBe(refusal(line));
    expect(load(`a${text}b`)[0]).toContain(line);
  });
});

describe('a look-alike', () => {
  // Nothing between here and Drone makes one character of another, so it is text like any other.
  test.each(['a；b', 'a：b', '＄｛X｝', '｀id｀', 'a＆b', 'a｜b', '＇', '＂', 'a\u037eb'])(
    '%j travels as it is',
    (value) => {
      const decision = decide(byPattern('.*'), claims(), ask({ params: { KEY: value } }));
      expect(decision).toMatchObject({ allowed: true, plan: { params: { KEY: value } } });
    },
  );

  test.each(['a；b', 'a：b'])('%j is not what the entry lists', (value) => {
    const policy = allowing(entry({ params: { KEY: { values: ['a:b'] } } }));
    expect(decide(policy, claims(), ask({ params: { KEY: value } })).allowed).toBe(false);
  });
});

describe('a pattern names', () => {
  // biome-ignore format: a table is read by its columns
  test.each<[string, string, boolean]>([
    ['a;b', ';', true], [String.raw`a\;b`, ';', true], ['[;]', ';', true], ['[a-z;]', ';', true], ['[;a-z]', ';', true], ['[;-]', ';', true], [String.raw`\Qa;b\E`, ';', true], ['(?:;)', ';', true], ['x{1,2};', ';', true],
    ['.', ';', false], ['[^;]', ';', false], ['[!-~]', ';', false], ['[;-a]', ';', false], ['[[:punct:]]', ':', false], ['(?i:a)', ':', false], ['(?P<a>b)', '<', false], ['a$', '$', false], ['a|b', '|', false], [String.raw`\x3b`, ';', false], [String.raw`\PL`, ';', false],
    [': ', ': ', true], ['[: ]', ': ', true], [':[ ]', ': ', false], ['[a-z :]', ': ', true], [String.raw`\$\{`, '${', true], [String.raw`\$\(`, '$(', true], ['a$(b)', '$(', false], ['[${]', '${', true], [String.raw`[\]\$]`, '$', true], ['[]$]', '$', true], [String.raw`[\d]`, '\\', false], [String.raw`[\\]`, '\\', true],
  ])('%s: %s %s', (pattern, text, named) => {
    expect(() => compilePattern(pattern)).not.toThrow();
    expect(namerOf(pattern)(text)).toBe(named);
  });

  test('nothing of what it does not hold, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'a;[]^-\\Q$E(?:){}1,|. '.split('')), maxLength: 12 }),
        (source) => {
          const names = namerOf(source);
          if (names(';')) expect(source).toContain(';');
          if (names('${')) expect(source).toMatch(/\$[^]*\{|\{[^]*\$/);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
