import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isLogEntry, parseBuild, parseBuilds, parseRepo, parseUser } from '../../src/drone/answers.ts';
import { type RecordedAnswer, framesOf, jsonOf, recording } from '../support/recordings.ts';

function recorded(name: string, path: string): Record<string, unknown> {
  const frame = framesOf(recording(name), 'GET', path).findLast((one) => 'status' in one && one.status === 200);
  return jsonOf(frame as RecordedAnswer) as Record<string, unknown>;
}
const user = recorded('02', '/api/user');
const repo = recorded('04', '/api/repos/octo/shut');
const build = recorded('30', '/api/repos/octo/hello/builds/23');

/** The same answer with another value at a path; `undefined` takes the key away. */
function changed(value: unknown, path: readonly (string | number)[], to: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return to;
  if (Array.isArray(value))
    return value.map((item, index) => (index === key ? changed(item, rest, to) : (item as unknown)));
  const { [key]: old, ...others } = value as Record<string, unknown>;
  return rest.length === 0 && to === undefined ? others : { ...others, [key]: changed(old, rest, to) };
}

/** Where `at` is undefined the answer itself is changed. */
const malformed = (at: string): object =>
  expect.objectContaining({ code: 'drone-answer-malformed', message: expect.stringContaining(at) });

describe('a key that a decision needs', () => {
  // biome-ignore format: a table is read by its columns
  const needed: readonly (readonly [string, (body: unknown) => unknown, unknown, readonly string[]])[] = [
    ['user', parseUser, user, ['login', 'admin', 'active']],
    ['repository', parseRepo, repo, ['slug', 'active', 'user_id', 'timeout', 'counter']],
    ['build', parseBuild, build, ['number', 'status', 'event', 'trigger', 'sender', 'after', 'ref', 'started', 'finished']],
  ];
  for (const [what, parse, body, keys] of needed) {
    test.each(keys)(`${what}: %s missing or of another type is an error that names it`, (key) => {
      expect(() => parse(body)).not.toThrow();
      for (const to of [
        undefined,
        null,
        [],
        {},
        typeof (body as Record<string, unknown>)[key] === 'string' ? 7 : 'seven',
      ])
        expect(() => parse(changed(body, [key], to))).toThrow(malformed(`"${key}"`));
    });

    test.each([null, undefined, 7, 'text', [], true])(`${what}: %j is not one`, (value) => {
      expect(() => parse(value)).toThrow(malformed('is not in the form that is known'));
    });
  }
});

describe('inside a build', () => {
  test.each<[string, readonly (string | number)[], unknown]>([
    ['a status that nobody knows', ['status'], 'paused'],
    ['an empty status', ['status'], ''],
    ['number 0', ['number'], 0],
    ['a negative number', ['number'], -1],
    ['a fraction', ['number'], 1.5],
    ['a number beyond what can be counted', ['number'], 2 ** 60],
    ['a stage that is text', ['stages', 0], 'default'],
    ['stages that are an object', ['stages'], {}],
    ["a stage's unknown status", ['stages', 0, 'status'], 'done'],
    ["a step's unknown status", ['stages', 0, 'steps', 0, 'status'], 'ok'],
    ["a step's exit code as text", ['stages', 0, 'steps', 0, 'exit_code'], '0'],
    ["a step's name that is a number", ['stages', 0, 'steps', 0, 'name'], 7],
    ['a parameter that is a number', ['params'], { A: 1 }],
    ['parameters that are a list', ['params'], ['A']],
    ['parameters that are null', ['params'], null],
  ])('%s is an error', (_name, path, to) => {
    expect(() => parseBuild(changed(build, path, to))).toThrow(malformed(''));
  });

  test.each<[string, readonly (string | number)[], unknown]>([
    ['an unknown key', ['more'], { any: 'thing' }],
    ['an unknown key of a step', ['stages', 0, 'steps', 0, 'more'], null],
    ['no stages', ['stages'], undefined],
    ['no steps (recording 28)', ['stages', 0, 'steps'], undefined],
    ['a step without times (recording 10)', ['stages', 0, 'steps', 0, 'started'], undefined],
    ['no parameters', ['params'], undefined],
    ['no error', ['error'], undefined],
  ])('%s is none', (_name, path, to) => {
    expect(() => parseBuild(changed(build, path, to))).not.toThrow();
  });

  test('a parameter with an odd name is seen', () => {
    const odd = JSON.parse('{"constructor":"x","__proto__":"y"}') as unknown;
    expect(Object.keys(parseBuild(changed(build, ['params'], odd)).params ?? {})).toEqual(['constructor', '__proto__']);
  });

  test('a list with one bad build is refused whole', () => {
    expect(parseBuilds([build, build]).length).toBe(2);
    expect(() => parseBuilds([build, changed(build, ['after'], undefined)])).toThrow(malformed('"1.after"'));
    expect(() => parseBuilds(null)).toThrow(malformed(''));
  });
});

test('whatever arrives, a parser returns or throws its own error', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const parse of [parseUser, parseRepo, parseBuild, parseBuilds] as readonly ((body: unknown) => unknown)[]) {
        try {
          parse(value);
        } catch (error) {
          expect(error).toMatchObject({ code: 'drone-answer-malformed' });
        }
      }
      expect(typeof isLogEntry(value)).toBe('boolean');
    }),
  );
});
