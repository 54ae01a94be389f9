// The client of GitHub's API: how it proves itself, what it asks, and what it does when GitHub says no.

import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { limitedUntil } from '../../src/fleet/github/rate-limit.ts';
import { apiOf } from '../../src/fleet/github/settings.ts';
import { startConnectProxy } from '../fakes/jwks.ts';
import { type GitHubBench, startGitHubBench } from './support/github.ts';

let bench: GitHubBench;
beforeEach(async () => {
  bench = await startGitHubBench();
});
afterEach(() => bench.end());

const wanted = { name: 'airlock-0-1', group: 3, labels: ['airlock'], workFolder: '_work' };
const calls = (): string[] => bench.fake.asked.map(({ method, path, right }) => `${method} ${path} ${right}`);

describe('the App', () => {
  test('proves itself once, and works with a token of its installation', async () => {
    const github = bench.client();
    const { id, config } = await github.makeRunner(wanted);
    expect(JSON.parse(Buffer.from(config, 'base64').toString())).toMatchObject({ name: 'airlock-0-1', id });
    expect(await github.runners('airlock-')).toMatchObject([{ id, name: 'airlock-0-1' }]);
    expect(calls()).toEqual([
      'GET /orgs/octo/installation app',
      'POST /app/installations/4711/access_tokens app',
      'POST /orgs/octo/actions/runners/generate-jitconfig installation',
      'GET /orgs/octo/actions/runners installation',
    ]);
    expect(bench.fake.asked[2]?.body).toEqual({
      name: 'airlock-0-1',
      runner_group_id: 3,
      labels: ['airlock'],
      work_folder: '_work',
    });
  });

  test('renews its token before it ends', async () => {
    bench.fake.life = 200;
    const github = bench.client();
    await github.runners('');
    await github.runners('');
    expect(calls().filter((call) => call.includes('access_tokens'))).toHaveLength(2);
  });

  test('asks for another token when GitHub takes the one it has no more', async () => {
    const github = bench.client();
    await github.runners('');
    bench.fake.revoke();
    expect(await github.runners('')).toEqual([]);
    expect(calls().filter((call) => call.includes('access_tokens'))).toHaveLength(2);
  });

  test('shares one token among calls at the same time', async () => {
    const github = bench.client();
    await Promise.all([github.runners(''), github.runners(''), github.group('airlock')]);
    expect(calls().filter((call) => call.includes('access_tokens'))).toHaveLength(1);
  });

  test.for<[string, (bench: GitHubBench) => void, RegExp]>([
    ['no file', ({ settings }) => Object.assign(settings.credentials, { key: '/nonexistent' }), /ENOENT/],
    ['an empty file', ({ at }) => writeFileSync(at('app.pem'), '\n'), /app\.pem is empty/],
    ['no key', ({ at }) => writeFileSync(at('app.pem'), 'secret-but-no-key'), /holds no private key in PEM form/],
    [
      'a key that is not RSA',
      ({ at }) =>
        writeFileSync(
          at('app.pem'),
          generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
        ),
      /holds no RSA key/,
    ],
  ])('with %s says so, and shows nothing of it', async ([, prepare, message]) => {
    prepare(bench);
    const failed = bench.client().runners('');
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toMatchObject({ trouble: 'credentials' });
    await expect(failed).rejects.not.toThrow(/secret-but-no-key/);
  });

  test('with the key of another App is told that GitHub refused it', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    writeFileSync(bench.at('app.pem'), other.export({ type: 'pkcs8', format: 'pem' }));
    await expect(bench.client().runners('')).rejects.toMatchObject({ trouble: 'refused', status: 401 });
  });
});

describe('a fine-grained token', () => {
  test('is read from its file for each call', async () => {
    const github = bench.client({ credentials: { token: bench.at('token') } });
    expect(await github.runners('')).toEqual([]);
    expect(calls()).toEqual(['GET /orgs/octo/actions/runners file']);
    writeFileSync(bench.at('token'), 'another');
    await expect(github.runners('')).rejects.toMatchObject({ trouble: 'refused', status: 401 });
  });
});

describe('a repository', () => {
  test('has runners of its own and the default group', async () => {
    const github = bench.client({ scope: { repository: 'octo/app' } });
    expect(await github.group('whatever')).toBe(1);
    await github.makeRunner({ ...wanted, group: 1 });
    expect(calls()).toContain('POST /repos/octo/app/actions/runners/generate-jitconfig installation');
  });
});

describe('runners', () => {
  test('are listed over all pages, those of the prefix alone', async () => {
    const github = bench.client();
    for (let id = 1; id <= 250; id++)
      bench.fake.registrations.set(id, {
        id,
        name: id % 50 === 0 ? `mine-${id}` : `other-${id}`,
        labels: [],
        group: 1,
        status: 'online',
        busy: false,
      });
    expect((await github.runners('mine-')).map(({ id }) => id)).toEqual([50, 100, 150, 200, 250]);
  });

  test('that run a job are kept by GitHub; those that are gone are gone', async () => {
    const github = bench.client();
    const { id } = await github.makeRunner(wanted);
    bench.fake.registrations.get(id)!.busy = true;
    expect(await github.removeRunner(id)).toBe('busy');
    bench.fake.registrations.get(id)!.busy = false;
    expect(await github.removeRunner(id)).toBe('removed');
    expect(await github.removeRunner(id)).toBe('gone');
  });

  test('of a name that is taken, of no group, and of a group that is not there are told', async () => {
    const github = bench.client();
    await github.makeRunner(wanted);
    await expect(github.makeRunner(wanted)).rejects.toMatchObject({ trouble: 'refused', status: 409 });
    await expect(github.makeRunner({ ...wanted, name: 'b', group: 9 })).rejects.toMatchObject({ status: 404 });
    await expect(github.group('none')).rejects.toThrow('there is no runner group \\"none\\"; make it');
    expect(await github.group('airlock')).toBe(3);
  });
});

describe('a GitHub that limits', () => {
  test('is left alone for as long as it says: nothing is sent meanwhile', async () => {
    const github = bench.client();
    await github.runners('');
    bench.fake.disturb = () => ({ status: 429, headers: { 'retry-after': '3600' } });
    await expect(github.runners('')).rejects.toMatchObject({ trouble: 'limited', status: 429 });
    bench.fake.disturb = () => undefined;
    const before = bench.fake.asked.length;
    const failed = github.runners('');
    await expect(failed).rejects.toMatchObject({ trouble: 'limited' });
    await expect(failed).rejects.toSatisfy(({ until }: { until: number }) => until > Date.now() + 3_000_000);
    expect(bench.fake.asked).toHaveLength(before);
  });

  const now = 1_800_000_000_000;
  const at = (seconds: number): string => String(now / 1000 + seconds);
  test.for<[string, number, Record<string, string>, number | null]>([
    ['retry-after', 403, { 'retry-after': '30' }, 30_000],
    ['retry-after with a 503', 503, { 'retry-after': '5' }, 5_000],
    ['retry-after with an answer that is none of a limit', 200, { 'retry-after': '5' }, null],
    ['no call left', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': at(90) }, 90_000],
    ['the last call', 200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': at(90) }, 90_000],
    ['calls left', 200, { 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': at(90) }, null],
    [
      'both: retry-after wins',
      429,
      { 'retry-after': '2', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': at(90) },
      2_000,
    ],
    ['a limit without a time', 429, {}, 60_000],
    ['a plain refusal', 403, {}, null],
    ['a reset in the past', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': at(-90) }, 1_000],
    ['a time that nobody means', 429, { 'retry-after': '999999999' }, 3_600_000],
    ['a time that is none', 429, { 'retry-after': '-1' }, 60_000],
  ])('by %s', ([, status, headers, wait]) => {
    expect(limitedUntil({ status, headers }, now)).toBe(wait === null ? null : now + wait);
  });
});

describe('a GitHub that is in trouble', () => {
  test.for<[string, { status: number; body?: string; slow?: number }, object]>([
    ['a 500', { status: 500, body: '<html>' }, { trouble: 'refused', status: 500 }],
    ['a page of HTML', { status: 200, body: '<html>' }, { trouble: 'malformed' }],
    ['another shape', { status: 200, body: '{"runners":[{"id":"1"}],"total_count":1}' }, { trouble: 'malformed' }],
    ['a redirect', { status: 302 }, { trouble: 'refused', status: 302 }],
    ['no answer in time', { status: 200, slow: 60_000 }, { trouble: 'unreachable' }],
  ])('is told: %s', async ([, disturbance, error]) => {
    const github = bench.client(
      { credentials: { token: bench.at('token') } },
      disturbance.slow === undefined ? 20_000 : 100,
    );
    bench.fake.disturb = () => disturbance;
    await expect(github.runners('')).rejects.toMatchObject(error);
  });

  test('never sees its token in an error', async () => {
    const github = bench.client({ credentials: { token: bench.at('token') } });
    bench.fake.disturb = () => ({ status: 500 });
    await expect(github.runners('')).rejects.toSatisfy(
      (error: Error) => !JSON.stringify([error, error.message, error.stack]).includes(bench.fake.token),
    );
  });
});

describe('the way to GitHub', () => {
  test('goes through the proxy that is set', async () => {
    const proxy = await startConnectProxy();
    expect(await bench.client({ proxy: proxy.url }).runners('')).toEqual([]);
    expect(new Set(proxy.asked)).toEqual(new Set([new URL(bench.fake.url).host]));
    await proxy.close();
  });

  test('trusts no certificate but those that it should', async () => {
    const { ca: _, ...settings } = bench.settings;
    await expect(bench.client({ ...settings, ca: undefined }).runners('')).rejects.toMatchObject({
      trouble: 'unreachable',
    });
  });

  test.for([
    ['https://github.com', 'https://api.github.com'],
    ['https://octo.ghe.com', 'https://api.octo.ghe.com'],
    ['https://github.octo.example', 'https://github.octo.example/api/v3'],
    ['https://github.octo.example:8443/', 'https://github.octo.example:8443/api/v3'],
  ])('of %s is %s', ([url, api]) => {
    expect(apiOf(url!)).toBe(api);
  });
});
