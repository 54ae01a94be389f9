// What a policy may list as parameters (recording 18: a parameter is text that Drone puts into the YAML before it is parsed).

import { describe, expect, test } from 'vitest';
import { allowing, entry, file, problems, repository } from './sample.ts';

const params = (value: unknown) => file({ repositories: [repository({ allow: [entry({ params: value })] })] });
const at = 'repositories[0].allow[0].params';
const values = (...list: unknown[]) => params({ KEY: { values: list } });

describe('the name of a parameter', () => {
  test.each([
    'ENVIRONMENT',
    'VERSION',
    'A',
    'DEPLOY_TO',
    'X1',
    'CIRCLE',
    'PATHS',
    'HOMEPAGE',
    'TARGET_ENV',
    `A${'B'.repeat(63)}`,
  ])('%s is accepted', (name) => {
    expect(problems(params({ [name]: { values: ['a'] } }))).toEqual([]);
  });

  const noName = 'is no parameter name; capital letters, digits and _ are allowed, a letter first';
  test.each([
    'environment',
    'Version',
    '_X',
    '1X',
    'A-B',
    'A B',
    'A=B',
    'Ä',
    '',
    `A${'B'.repeat(64)}`,
    'A\n',
    'access_token',
    'commit',
  ])('%j is refused by its form', (name) => {
    expect(problems(params({ [name]: { values: ['a'] } }))).toContain(
      `${name === '' ? `${at}.` : `${at}.${name.replace('\n', '\\u000a')}`}: ${noName}`,
    );
  });

  test.each(['ACCESS_TOKEN', 'COMMIT', 'BRANCH', 'MESSAGE', 'ACTION', 'TARGET', 'DEBUG'])(
    '%s is Drone’s own',
    (name) => {
      expect(problems(params({ [name]: { values: ['a'] } }))).toEqual([
        `${at}.${name}: cannot be a parameter: Drone uses this name itself; choose another name`,
      ]);
    },
  );

  test.each([
    ['DRONE_BRANCH', 'DRONE_'],
    ['DRONE_DEPLOY_TO', 'DRONE_'],
    ['CI_COMMIT_SHA', 'CI_'],
    ['PLUGIN_SETTINGS', 'PLUGIN_'],
    ['GIT_SSH_COMMAND', 'GIT_'],
    ['LD_PRELOAD', 'LD_'],
    ['NODE_OPTIONS', 'NODE_'],
    ['BASH_ENV', 'BASH_'],
    ['AIRLOCK_NONCE', 'AIRLOCK_'],
    ['AIRLOCK_REPOSITORY', 'AIRLOCK_'],
    ['GITHUB_TOKEN', 'GITHUB_'],
  ])('%s belongs to somebody else', (name, prefix) => {
    expect(problems(params({ [name]: { values: ['a'] } }))).toEqual([
      `${at}.${name}: cannot be a parameter: names that begin with ${prefix} belong to Drone, to a tool or to airlock; choose another name`,
    ]);
  });

  test.each([
    'PATH',
    'HOME',
    'ENV',
    'IFS',
    'SHELL',
    'PS4',
    'CI',
    'HTTPS_PROXY',
    'SSL_CERT_FILE',
    'PYTHONPATH',
    'GLIBC_TUNABLES',
  ])('%s changes every program', (name) => {
    expect(problems(params({ [name]: { values: ['a'] } }))).toEqual([
      `${at}.${name}: cannot be a parameter: it changes how the programs of every step behave; choose another name`,
    ]);
  });
});

describe('a rule for a parameter', () => {
  const one = 'needs exactly one of values and pattern; write one of them';
  test('has values or a pattern', () => {
    expect(problems(params({ KEY: { values: ['a'] } }))).toEqual([]);
    expect(problems(params({ KEY: { pattern: 'a', required: true } }))).toEqual([]);
    expect(problems(params({ KEY: {} }))).toEqual([`${at}.KEY: ${one}`]);
    expect(problems(params({ KEY: { values: ['a'], pattern: 'a' } }))).toEqual([`${at}.KEY: ${one}`]);
  });

  test('says required as true or false', () => {
    expect(problems(params({ KEY: { values: ['a'], required: 'yes' } }))).toEqual([
      `${at}.KEY.required: is text and must be true or false`,
    ]);
  });
});

describe('a value of a list', () => {
  test.each(['staging', 'v1.2.3', 'a/b', 'x@y:z', 'a b', '', '{}', 'ünïcode', 'a:b', 'x'.repeat(256)])(
    '%j is accepted',
    (value) => {
      expect(problems(values(value))).toEqual([]);
    },
  );

  const byPattern = 'remove it, or allow it in so many words by a pattern';
  const plainText = 'shorten it or write plain text on one line';
  test.each([
    ['${DRONE_BRANCH}', `it holds \${ and Drone would substitute it again; ${byPattern}`],
    ['$HOME', `it holds $ and a shell would put a variable in its place; ${byPattern}`],
    ['$(id)', `it holds $( and a shell would run it; ${byPattern}`],
    ['`id`', `it holds \` and a shell would run it; ${byPattern}`],
    ['1; echo injected; #', `it holds ; and a shell would begin a new command; ${byPattern}`],
    ['1: 2', `it holds : and it would change the YAML that Drone puts it into; ${byPattern}`],
    ["it's", `it holds ' and it would end a quoted text in YAML or a shell; ${byPattern}`],
    ['say "x"', `it holds " and it would end a quoted text in YAML or a shell; ${byPattern}`],
    ['a\nb', `it holds a line break or a control character; ${plainText}`],
    ['a\rb', `it holds a line break or a control character; ${plainText}`],
    ['a\u0000b', `it holds a line break or a control character; ${plainText}`],
    ['a\u001b[31mb', `it holds a line break or a control character; ${plainText}`],
    ['a\u0085b', `it holds a line break or a control character; ${plainText}`],
    ['a\u2028b', `it holds a line break or a control character; ${plainText}`],
    ['\ud800', `it is not valid Unicode; ${plainText}`],
    ['ü'.repeat(129), `it is longer than 256 bytes; ${plainText}`],
  ])('%j is refused with the reason', (value, reason) => {
    expect(problems(values(value))).toEqual([`${at}.KEY.values[0]: is refused: ${reason}`]);
  });

  test('is text, also if it looks like a number', () => {
    expect(problems(values(1))).toEqual([`${at}.KEY.values[0]: is a number and must be text; put it in quotes`]);
    expect(problems(values(true))).toEqual([`${at}.KEY.values[0]: is a boolean and must be text; put it in quotes`]);
  });
});

describe('a pattern', () => {
  const pattern = (source: unknown) => params({ KEY: { pattern: source } });
  test.each(['v\\d+\\.\\d+\\.\\d+', 'a|b', '[a-z]{1,20}', '.*', '(?i)abc', "it's; \\$\\{x\\}"])(
    '%s is accepted',
    (source) => {
      expect(problems(pattern(source))).toEqual([]);
    },
  );

  test.each([
    ['(', 'is no RE2 pattern (missing closing ): `(`); correct it'],
    ['a)|(b', 'is no RE2 pattern (unexpected ): `a)|(b`); correct it'],
    ['(?=a)', 'is no RE2 pattern (invalid or unsupported Perl syntax: `(?=`); correct it'],
    ['(a)\\1', 'is no RE2 pattern (invalid escape sequence: `\\1`); correct it'],
    ['a{1,9999}', 'is no RE2 pattern (invalid repeat count: `{1,9999}`); correct it'],
    ['(a{1,999}){1,999}', 'is no RE2 pattern (expression too large); correct it'],
    ['', 'is empty; write a pattern'],
    ['a'.repeat(513), 'is longer than 512 characters; shorten it'],
    [5, 'is a number and must be text; put it in quotes'],
  ])('%j is refused', (source, message) => {
    const found = problems(pattern(source));
    expect(found).toHaveLength(1);
    expect(found[0]?.startsWith(`${at}.KEY.pattern: ${message}`)).toBe(true);
  });

  const matcher = (source: string) => {
    const compiled = allowing(entry({ params: { KEY: { pattern: source } } })).repositories[0]?.allow[0]?.params.get(
      'KEY',
    )?.pattern;
    return (value: string) => compiled?.matches(value);
  };

  test('always has to match the whole value', () => {
    const version = matcher('v\\d+\\.\\d+\\.\\d+');
    expect(version('v1.2.3')).toBe(true);
    for (const value of ['xv1.2.3', 'v1.2.3x', 'v1.2.3\n', '\nv1.2.3', 'v1.2.3\nv1.2.3', 'v1x2y3', 'V1.2.3', ''])
      expect(version(value)).toBe(false);
  });

  test('is anchored over all its alternatives, and cannot undo that', () => {
    const either = matcher('a|b');
    expect([either('a'), either('b')]).toEqual([true, true]);
    for (const value of ['ab', 'ax', 'xb', 'a\nb', '']) expect(either(value)).toBe(false);
    const multiline = matcher('(?m)^a$');
    expect([multiline('a'), multiline('a\nb'), multiline('b\na')]).toEqual([true, false, false]);
  });

  test('has a dot that meets no line break', () => {
    expect([matcher('.+')('ab'), matcher('.+')('a\nb')]).toEqual([true, false]);
  });

  test.each(['(a+)+$', '(a|a)*b', '(a|aa)+$', '(.*a){20}', '([a-z]+)*1', '(a*)*b', '(x+x+)+y'])(
    '%s stays linear where a backtracking engine would not end',
    (source) => {
      const matches = matcher(source);
      // A backtracking engine would never come back from these.
      expect(matches(`${'a'.repeat(255)}!`)).toBe(false);
      expect(matches(`${'x'.repeat(255)}!`)).toBe(false);
    },
  );
});
