// Everything that can be wrong before a build runs, each with a code and a sentence of its own that names who must change
// what; and the five meanings of 404, told apart as far as Drone's answers allow (recordings 14, 15, 16, 22, 70).

import { describe, expect, test } from 'vitest';
import { connectDrone } from '../../src/drone/connection.ts';
import { preflight } from '../../src/drone/preflight.ts';
import { tlsFailed } from '../../src/drone/unanswered.ts';
import { Refusal } from '../../src/protocol/index.ts';
import type { DroneScenario, TriggerFault } from '../../src/try/drone/index.ts';
import { type RunOptions, runBuild } from '../support/drone-run.ts';
import { type SimOptions, oneStage, posts, sim, slug } from './sim.ts';

const green = oneStage({ name: 'deploy' });
const said = ({ code, message, fix }: Refusal) => ({ code, text: `${message}. ${fix}` });

/** The refusal before the trigger, and that nothing was triggered. */
async function refused(options: SimOptions, more: Partial<RunOptions> = {}) {
  const drone = await sim(green, options);
  const error: unknown = await runBuild({ server: drone.url, ...more }).catch((reason: unknown) => reason);
  expect(posts(drone)).toBe(0);
  if (!(error instanceof Refusal)) throw error;
  return said(error);
}
async function ended(trigger: TriggerFault, more: Partial<RunOptions> = {}) {
  const scenario: DroneScenario = { ...green, trigger };
  const drone = await sim(scenario);
  const { ending } = await runBuild({ server: drone.url, ...more });
  expect(drone.builds(slug)).toEqual([]);
  return { code: ending.code, text: ending.message };
}
const json = (path: string, status: number, body: unknown): SimOptions => ({
  disturb: (request) =>
    request.path === path ? { status, body: JSON.stringify(body), contentType: 'application/json' } : undefined,
});
async function untrusted() {
  return said(tlsFailed('https://drone', Object.assign(new Error(), { code: 'SELF_SIGNED_CERT_IN_CHAIN' })));
}
async function unreachable() {
  const drone = await sim(green);
  await drone.stop();
  const error: unknown = await runBuild({ server: drone.url }).catch((reason: unknown) => reason);
  return said(error as Refusal);
}

type Told = Promise<{ readonly code: string; readonly text: string }>;
// biome-ignore format: a table is read by its columns
const cases: readonly (readonly [what: string, told: () => Told, code: string, whoAndWhat: string])[] = [
  ['the server is unreachable', unreachable, 'drone-unreachable', 'the operator looks at Drone'],
  ['its certificate is not trusted', untrusted, 'drone-tls-not-trusted', 'the operator names'],
  ['it is not a Drone', () => refused({ disturb: () => ({ status: 200, body: '<html>', contentType: 'text/html' }) }), 'not-a-drone', 'the operator sets drones.*.server'],
  ['it is a Drone of another time', () => refused(json('/version', 200, { version: '0.8.11' })), 'drone-version-not-supported', 'the operator runs a Drone of version 1 or 2'],
  ['the token is not known', () => refused({}, { token: 'wrong' }), 'drone-token-rejected', 'the operator puts a valid token'],
  ['the account of the token is not active', () => refused(json('/api/user', 403, { message: 'Forbidden' })), 'drone-token-rejected', 'is not active'],
  ['the repository is unknown', () => refused({}, { repository: 'octo/unknown' }), 'drone-repository-not-found', 'the operator enables the repository'],
  ['the account may not write', () => refused({ repository: { visibility: 'public' } }, { token: 'reader-token' }), 'drone-no-write-permission', "gives the token's account write access"],
  ['the repository is disabled', () => refused({ repository: { active: false } }), 'drone-repository-disabled', "the repository's admin activates it"],
  ['the repository was never enabled', () => refused({ repository: { neverEnabled: true } }), 'drone-repository-disabled', 'was never enabled'],
  ['the commit is unknown', () => ended({ scm: `No commit found for SHA: ${'f'.repeat(40)}` }), 'drone-commit-not-found', 'GitHub does not know it'],
  ["the owner's access to GitHub is lost", () => ended({ scm: 'Bad credentials' }), 'drone-owner-access-lost', 'no longer accepts the account that enabled the repository'],
  ['GitHub answers Drone with an error', () => ended({ scm: 'Server Error' }), 'drone-scm-failed', '"Server Error"'],
  ['there is no .drone.yml', () => ended('config-empty'), 'drone-config-missing', 'found no .drone.yml'],
  ['no pipeline fits', () => ended('null'), 'drone-nothing-matched', 'no pipeline of .drone.yml fits'],
];

describe('before a build runs', () => {
  test.each(cases)('%s: with its own code and what to do', async (_what, told, code, whoAndWhat) => {
    const { code: found, text } = await told();
    expect(found).toBe(code);
    expect(text).toContain(whoAndWhat);
    expect(text).not.toMatch(/[\r\n]/);
  });

  test('each of them has a sentence that no other has', async () => {
    const sentences = await Promise.all(cases.map(async ([, told]) => (await told()).text));
    expect(new Set(sentences).size).toBe(cases.length);
  });
});

describe('a 404 to the trigger', () => {
  test('with words of its own is told by them', async () => {
    const codes = await Promise.all(
      [
        'No commit found for SHA: refs/heads/nobranch',
        'sql: no rows in result set',
        'Bad credentials',
        'Unauthorized',
        'API rate limit exceeded for user ID 1.',
        'Internal Server Error',
      ].map(async (scm) => (await ended({ scm })).code),
    );
    expect(codes).toEqual([
      'drone-commit-not-found',
      'drone-repository-disabled',
      'drone-owner-access-lost',
      'drone-owner-access-lost',
      'drone-scm-failed',
      'drone-scm-failed',
    ]);
  });

  test('without words has the meanings that are left, the likeliest first', async () => {
    const { code, text } = await ended('not-found');
    expect(code).toBe('drone-commit-not-found');
    expect(text).toMatch(/does not exist there, or .* may not read it any more, or Drone could not refresh/);
  });

  test('without words, after the account lost its access, is told by a second look at the repository', async () => {
    let triggered = false;
    const drone = await sim(
      { ...green, trigger: 'not-found' },
      {
        disturb: ({ method, path }) => {
          if (method === 'POST') triggered = true;
          return triggered && path === `/api/repos/${slug}`
            ? { status: 404, body: '{"message":"Not Found"}', contentType: 'application/json' }
            : undefined;
        },
      },
    );
    expect((await runBuild({ server: drone.url })).ending.code).toBe('drone-repository-not-found');
  });
});

describe('the version of a Drone', () => {
  const look = async (options: SimOptions) => {
    const drone = await sim(green, options);
    const connection = connectDrone({ server: drone.url, token: 'bot-token' });
    return preflight(connection, { repository: slug, call: 2000, poll: 5 }).then(
      () => 'ok',
      (error: unknown) => (error instanceof Refusal ? error.code : error),
    );
  };

  test.each(['1.0.0-rc.6', '1.10.1', '2.0.0', '2.25.0', 'v2.26.0'])('%s is known', async (version) => {
    expect(await look(json('/version', 200, { version }))).toBe('ok');
  });

  test.each(['0.8.11', '3.0.0', '12.1.0', '20.0', '0'])('%s is not', async (version) => {
    expect(await look(json('/version', 200, { version }))).toBe('drone-version-not-supported');
  });

  // A proxy may hand on nothing but the API.
  test.each([
    json('/version', 404, { message: 'Not Found' }),
    json('/version', 200, {}),
    json('/version', 200, null),
    json('/version', 200, { version: 3 }),
    json('/version', 200, { version: 'latest' }),
    { disturb: ({ path }) => (path === '/version' ? 'hang-up' : undefined) },
    {
      disturb: ({ path }) =>
        path === '/version' ? { status: 200, body: '<html>', contentType: 'text/html' } : undefined,
    },
  ] satisfies SimOptions[])('that cannot be had says nothing', async (options) => {
    expect(await look(options)).toBe('ok');
  });
});
