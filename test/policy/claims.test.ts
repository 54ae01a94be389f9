// What a verified token's payload becomes (THREATS.md 4.3: jose accepts claims of any type).

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Claims, assertedClaims, parseClaims } from '../../src/policy/index.ts';
import { Refusal } from '../../src/protocol/index.ts';
import { payload, sha } from './sample.ts';

function refusal(parse: () => unknown): Refusal {
  try {
    parse();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('the claims were taken');
}
const message = (changes: Record<string, unknown>): string => {
  const { code, message: text } = refusal(() => parseClaims(payload(changes)));
  expect(code).toBe('token-refused');
  return text;
};

test('a token of a job on a self-hosted runner becomes typed claims', () => {
  expect(parseClaims(payload())).toEqual({
    repository: 'octo/widgets',
    repositoryId: '123',
    visibility: 'private',
    ref: 'refs/heads/main',
    refProtected: true,
    sha,
    eventName: 'push',
    actor: 'octocat',
    runId: '1001',
    runAttempt: '1',
    checkRunId: '77',
    workflowRef: 'octo/widgets/.github/workflows/deploy.yml@refs/heads/main',
    jobWorkflowRef: 'octo/widgets/.github/workflows/deploy.yml@refs/heads/main',
    environment: undefined,
  } satisfies Claims);
});

test('claims that nobody asks for are ignored, whatever they are', () => {
  const odd = payload({ enterprise_id: 7, repo_property_x: ['a'], amr: null, __proto__: { repository: 'evil/evil' } });
  expect(parseClaims(odd)).toEqual(parseClaims(payload()));
});

describe('a claim that may be absent', () => {
  test.each([
    ['check_run_id', 'checkRunId', undefined],
    ['job_workflow_ref', 'jobWorkflowRef', undefined],
    ['environment', 'environment', undefined],
    ['ref_protected', 'refProtected', false],
  ] as const)('%s', (claim, key, value) => {
    const { [claim]: _, ...rest } = payload({ environment: 'production' });
    expect(parseClaims(rest)[key]).toBe(value);
  });

  test.each([
    ['true', true],
    ['false', false],
  ])('ref_protected is the text %s', (text, value) => {
    expect(parseClaims(payload({ ref_protected: text })).refProtected).toBe(value);
  });

  test.each(['TRUE', 'True', '1', 'yes', ' true'])('ref_protected is never %j', (text) => {
    expect(message({ ref_protected: text })).toBe('token refused: ref_protected: is neither true nor false');
  });
});

describe('a claim that must be there', () => {
  const required = [
    'repository',
    'repository_id',
    'repository_visibility',
    'ref',
    'sha',
    'event_name',
    'actor',
    'run_id',
    'run_attempt',
    'workflow_ref',
    'runner_environment',
  ];

  test.each(required)('%s is refused when it is missing, empty or inherited', (claim) => {
    const { [claim]: value, ...rest } = payload();
    expect(refusal(() => parseClaims(rest)).message).toBe(`token refused: ${claim}: is missing`);
    expect(refusal(() => parseClaims(Object.assign(Object.create({ [claim]: value }), rest))).message).toBe(
      `token refused: ${claim}: is missing`,
    );
    expect(message({ [claim]: '' })).toBe(`token refused: ${claim}: is empty`);
  });
});

describe('every claim is text', () => {
  const claims = Object.keys(payload({ environment: 'production' })).filter(
    (claim) =>
      !['aud', 'iss', 'sub', 'repository_owner', 'ref_type', 'head_ref', 'base_ref', 'run_number'].includes(claim),
  );
  test.each(claims)('%s as list, number, boolean, object or null is refused', (claim) => {
    const value = payload({ environment: 'production' })[claim];
    for (const odd of [[value], 1, true, { toString: () => value }, null, Object(value)])
      expect(message({ [claim]: odd })).toBe(`token refused: ${claim}: is not text`);
  });
});

describe('the form of a claim', () => {
  test.each(['repository_id', 'run_id', 'run_attempt', 'check_run_id'])(
    '%s is a decimal number of at most 20 digits',
    (claim) => {
      expect(parseClaims(payload({ [claim]: '12345678901234567890' }))).toBeDefined();
      for (const odd of ['1.0', '-1', '+1', '0x1', '1e3', ' 1', '1\n', '١٢٣', 'one'])
        expect(message({ [claim]: odd })).toBe(`token refused: ${claim}: is not a decimal number`);
      expect(message({ [claim]: '1'.repeat(21) })).toBe(`token refused: ${claim}: is longer than 20 characters`);
    },
  );

  test.each([
    ['repository', 256],
    ['ref', 1024],
    ['sha', 128],
    ['actor', 256],
    ['workflow_ref', 2048],
    ['job_workflow_ref', 2048],
    ['environment', 256],
  ])('%s is at most %i characters long', (claim, longest) => {
    expect(parseClaims(payload({ [claim]: 'x'.repeat(longest) }))).toBeDefined();
    expect(message({ [claim]: 'x'.repeat(longest + 1) })).toBe(
      `token refused: ${claim}: is longer than ${longest} characters`,
    );
  });

  test('event_name is one word', () => {
    expect(parseClaims(payload({ event_name: 'pull_request_target' })).eventName).toBe('pull_request_target');
    for (const odd of ['push ', 'Push', 'push\n', 'a-b'])
      expect(message({ event_name: odd })).toBe('token refused: event_name: is not an event');
  });

  test('repository_visibility is one of three words', () => {
    for (const word of ['public', 'private', 'internal'])
      expect(parseClaims(payload({ repository_visibility: word })).visibility).toBe(word);
    for (const odd of ['Public', 'secret', 'constructor'])
      expect(message({ repository_visibility: odd })).toBe(
        'token refused: repository_visibility: is none of public, private, internal',
      );
  });

  test("a token of GitHub's own runners is refused", () => {
    for (const odd of ['github-hosted', 'self-hosted ', 'Self-Hosted'])
      expect(message({ runner_environment: odd })).toBe(
        'token refused: runner_environment: is not self-hosted: the token belongs to a job on another runner',
      );
  });
});

test.each([null, undefined, 'text', 7, true, [], [payload()]])('a payload that is no object is refused: %j', (odd) => {
  expect(refusal(() => parseClaims(odd)).message).toBe('token refused: payload: is not an object');
  expect(refusal(() => assertedClaims(odd)).message).toBe('token refused: payload: is not an object');
});

test('any payload gives claims or the refusal token-refused, and no message shows a value', () => {
  const secret = 'eyJhbGciOi';
  const value = fc.oneof(fc.jsonValue(), fc.string(), fc.constant(secret), fc.constant([secret]));
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(payload())), value, (claim, odd) => {
      try {
        parseClaims(payload({ [claim]: odd }));
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
        expect((error as Refusal).code).toBe('token-refused');
        expect((error as Refusal).message).not.toContain(secret);
      }
    }),
    { numRuns: 500 },
  );
});

describe("the runner's word", () => {
  const asserted = (changes: Record<string, unknown> = {}) => {
    const { repository_visibility: _, runner_environment: __, check_run_id: ___, ...rest } = payload(changes);
    return rest;
  };

  test('counts as public when it does not say the visibility, and as self-hosted', () => {
    expect(assertedClaims(asserted())).toEqual({
      ...parseClaims(payload()),
      visibility: 'public',
      checkRunId: undefined,
    });
    expect(assertedClaims(payload()).visibility).toBe('private');
  });

  test('takes empty text for absent', () => {
    expect(assertedClaims(asserted({ environment: '', ref_protected: '', job_workflow_ref: '' }))).toMatchObject({
      environment: undefined,
      refProtected: false,
      jobWorkflowRef: undefined,
    });
    expect(refusal(() => assertedClaims(asserted({ ref: '' }))).message).toBe('token refused: ref: is missing');
  });

  test('is held to the same forms', () => {
    expect(refusal(() => assertedClaims(asserted({ repository_id: 'x' }))).message).toBe(
      'token refused: repository_id: is not a decimal number',
    );
    expect(refusal(() => assertedClaims(payload({ runner_environment: 'github-hosted' }))).message).toMatch(
      /is not self-hosted/,
    );
  });
});
