// The token suite (THREATS.md 4.3, 4.4 and section 6, 87 to 93): every way in which a token can be wrong, the allowed
// twin beside it. What is refused here is refused before the policy is looked at.

import { createHmac, createPublicKey } from 'node:crypto';
import { SignJWT, base64url, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, type TestSession, startBench } from './support/bench.ts';
import type { Answer } from './support/http.ts';
import { type Payload, githubIssuer, jobClaims } from './support/issuer.ts';

let bench: Bench;
/** A token that is refused proves nothing and binds nothing, so one session serves many cases. */
let shared: TestSession;
/** Added to the gate's clock, milliseconds. */
let shift = 0;
beforeAll(async () => {
  bench = await startBench({ clock: { now: () => Date.now() + shift, monotonic: () => performance.now() } });
  shared = await session();
});
afterAll(() => bench.stop());

const now = (): number => Math.floor(Date.now() / 1000);
const session = async (): Promise<TestSession> => (await bench.runner()).session();
const send = (one: TestSession, token: unknown): Promise<Answer> =>
  one.runner.call('POST', `/v1/sessions/${one.id}/rehearsal`, { token });

const accepted = { status: 200, body: { log: 'full' } };
function refused(message: string | RegExp, code = 'token-refused', status = 403): object {
  return {
    status,
    body: { refused: { code, message: typeof message === 'string' ? message : expect.stringMatching(message) } },
  };
}

interface Case {
  readonly name: string;
  readonly claims?: Payload;
  readonly header?: Payload;
  readonly says: string | RegExp;
}

const cases: readonly Case[] = [
  { name: 'has no exp', claims: { exp: undefined }, says: 'token refused: exp: is missing' },
  { name: 'is past its exp', claims: { exp: now() - 40 }, says: 'token refused: exp: is out of time' },
  { name: 'has an exp that is text', claims: { exp: 'never' }, says: 'token refused: exp: is not of the right type' },
  { name: 'has no iat', claims: { iat: undefined }, says: 'token refused: iat: is missing' },
  { name: 'is an hour old', claims: { iat: now() - 3600 }, says: 'token refused: iat: is out of time' },
  { name: 'is 100 s old', claims: { iat: now() - 100 }, says: 'token refused: iat: is out of time' },
  { name: 'comes from the future', claims: { iat: now() + 120 }, says: 'token refused: iat: is out of time' },
  { name: 'is not valid yet', claims: { nbf: now() + 120 }, says: 'token refused: nbf: is out of time' },
  { name: 'has no jti', claims: { jti: undefined }, says: 'token refused: jti: is missing' },
  { name: 'has a jti that is a number', claims: { jti: 5 }, says: 'token refused: jti: is not text' },
  { name: 'has no iss', claims: { iss: undefined }, says: 'token refused: iss: is missing' },
  {
    name: 'is of an enterprise slug of the issuer',
    claims: { iss: `${githubIssuer}/octo` },
    says: 'token refused: iss: is not as expected',
  },
  {
    name: 'has an issuer with a trailing slash',
    claims: { iss: `${githubIssuer}/` },
    says: 'token refused: iss: is not as expected',
  },
  { name: 'has a list of issuers', claims: { iss: [githubIssuer] }, says: 'token refused: iss: is not as expected' },
  { name: 'has a foreign typ', header: { typ: 'at+jwt' }, says: 'token refused: typ: is not as expected' },
  { name: 'has no typ', header: { typ: undefined }, says: 'token refused: typ: is not as expected' },
  { name: 'has an unknown kid', header: { kid: 'key-9' }, says: 'token refused: kid: names no key of the issuer' },
  { name: 'has no kid', header: { kid: undefined }, says: 'token refused: kid: is missing' },
  {
    name: 'has a jku header',
    header: { jku: 'https://evil.example/jwks' },
    says: 'token refused: jku: this header is not allowed',
  },
  {
    name: 'has an x5u header',
    header: { x5u: 'https://evil.example/cert' },
    says: 'token refused: x5u: this header is not allowed',
  },
  { name: 'has an x5c header', header: { x5c: ['MIIB'] }, says: 'token refused: x5c: this header is not allowed' },
  {
    name: 'was made on a github-hosted runner',
    claims: { runner_environment: 'github-hosted' },
    says: /^token refused: runner_environment: is not self-hosted/,
  },
  {
    name: 'does not say where it was made',
    claims: { runner_environment: undefined },
    says: 'token refused: runner_environment: is missing',
  },
  {
    name: 'names the repository in a list',
    claims: { repository: ['octo/app'] },
    says: 'token refused: repository: is not text',
  },
];

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
] as const;
const typed = [...required, 'ref_protected', 'check_run_id', 'job_workflow_ref', 'environment'] as const;
const wrong: readonly [string, unknown][] = [
  ['a number', 5],
  ['a boolean', true],
  ['a list', ['x']],
  ['an object', { x: 'x' }],
  ['null', null],
];

describe('a token', () => {
  test('that GitHub signed for this very challenge is accepted', async () => {
    const one = await session();
    expect(await send(one, await one.token())).toEqual(accepted);
  });

  test.for(cases)('that $name is refused', async ({ claims, header, says }) => {
    const one = shared;
    const token = await bench.issuer.sign(await one.challenge(), claims, header);
    expect(await send(one, token)).toMatchObject(refused(says));
    expect(await send(one, await one.token())).toEqual(accepted);
  });

  test('that is a little old or a little early is accepted: clocks differ', async () => {
    for (const iat of [now() - 80, now() + 20]) {
      const one = await session();
      expect(await send(one, await one.token({ iat }))).toEqual(accepted);
    }
  });

  test.for(typed.flatMap((claim) => wrong.map(([what, value]) => ({ claim, what, value }))))(
    'whose $claim is $what is refused',
    async ({ claim, value }) => {
      const one = shared;
      expect(await send(one, await one.token({ [claim]: value }))).toMatchObject(
        refused(`token refused: ${claim}: is not text`),
      );
    },
  );

  test.for(required)('without %s is refused', async (claim) => {
    const one = shared;
    expect(await send(one, await one.token({ [claim]: undefined }))).toMatchObject(
      refused(`token refused: ${claim}: is missing`),
    );
  });
});

describe('the signature', () => {
  const part = (value: object): string => base64url.encode(JSON.stringify(value));
  const payload = (audience: string): object => ({
    ...jobClaims,
    jti: 'x',
    iss: githubIssuer,
    aud: audience,
    iat: now(),
    exp: now() + 300,
  });

  test('alg none is refused, in any case and with an empty or a made-up signature', async () => {
    for (const alg of ['none', 'None', 'NONE']) {
      const one = await session();
      const unsigned = `${part({ alg, typ: 'JWT', kid: 'key-1' })}.${part(payload(await one.challenge()))}`;
      expect(await send(one, `${unsigned}.`)).toMatchObject(refused('token refused: alg: is not RS256'));
      expect(await send(one, `${unsigned}.AAAA`)).toMatchObject(refused('token refused: alg: is not RS256'));
    }
  });

  test('HS256 with the public key as its secret is refused', async () => {
    const one = await session();
    const pem = createPublicKey({ key: { ...bench.issuer.jwk }, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const signed = `${part({ alg: 'HS256', typ: 'JWT', kid: 'key-1' })}.${part(payload(await one.challenge()))}`;
    const token = `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`;
    expect(await send(one, token)).toMatchObject(refused('token refused: alg: is not RS256'));
  });

  test('by a key that the token brings along is refused', async () => {
    const one = await session();
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const header = { alg: 'RS256', typ: 'JWT', kid: 'key-1', jwk: bench.issuer.jwk };
    const token = await new SignJWT({ ...payload(await one.challenge()) }).setProtectedHeader(header).sign(privateKey);
    expect(await send(one, token)).toMatchObject(refused('token refused: jwk: this header is not allowed'));
  });

  test('by another key under a known id is refused', async () => {
    const one = await session();
    const { privateKey } = await generateKeyPair('RS256');
    const header = { alg: 'RS256', typ: 'JWT', kid: 'key-1' };
    const token = await new SignJWT({ ...payload(await one.challenge()) }).setProtectedHeader(header).sign(privateKey);
    expect(await send(one, token)).toMatchObject(refused('token refused: signature: does not verify'));
  });

  test('a changed payload, header or signature is refused', async () => {
    const one = await session();
    const [header, , signature] = (await one.token()).split('.');
    const changed = part({ ...payload(await one.challenge()), ref: 'refs/heads/evil' });
    expect(await send(one, `${header}.${changed}.${signature}`)).toMatchObject(
      refused('token refused: signature: does not verify'),
    );
    const good = await one.token();
    const flipped = good.slice(0, -10) + (good.at(-10) === 'A' ? 'B' : 'A') + good.slice(-9);
    expect(await send(one, flipped)).toMatchObject(refused('token refused: signature: does not verify'));
    expect(await send(one, good)).toEqual(accepted);
  });

  test('what is no token at all is refused, and never echoed', async () => {
    const one = await session();
    for (const token of [
      '',
      'x',
      'a.b',
      'a.b.c',
      'a.b.c.d.e',
      '...',
      'secret-of-somebody',
      `${'e'.repeat(16_000)}.e.e`,
      '\u0000.\u0000.',
    ]) {
      const answer = await send(one, token);
      expect(answer).toMatchObject(refused('token refused: not a signed token'));
      if (token.length > 3) expect(JSON.stringify(answer.body)).not.toContain(token.slice(0, 100));
    }
    expect(JSON.stringify(bench.audit())).not.toContain('secret-of-somebody');
  });

  test("no token, or the runner's own word, is refused", async () => {
    const one = await session();
    expect(await send(one, undefined)).toMatchObject(refused('token refused: it is missing'));
    const path = `/v1/sessions/${one.id}/rehearsal`;
    const claims = { ...jobClaims };
    expect(await one.runner.call('POST', path, { claims })).toMatchObject(
      refused('token refused: claims are taken from the token alone'),
    );
    expect(await one.runner.call('POST', path, { claims, token: await one.token() })).toMatchObject(
      refused('token refused: claims are taken from the token alone'),
    );
  });
});

describe('the audience', () => {
  test.for<[string, (audience: string) => unknown]>([
    ['of another installation', () => 'https://other.example/1.AAAA'],
    ['without a challenge', (audience) => audience.slice(0, audience.lastIndexOf('/'))],
    ['in a list', (audience) => [audience]],
    ['in a list beside others', (audience) => ['https://other.example', audience]],
    ['with something before it', (audience) => `x${audience}`],
    ['in another case', (audience) => audience.toUpperCase()],
    ['that is missing', () => undefined],
    ['that is a number', () => 5],
  ])('%s is refused', async ([, change]) => {
    const one = await session();
    const token = await bench.issuer.sign(change(await one.challenge()));
    expect(await send(one, token)).toMatchObject(
      refused(/^token refused: aud: is (not the audience of a challenge|missing)$/),
    );
    expect(await send(one, await one.token())).toEqual(accepted);
  });

  test.for<[string, (audience: string) => string]>([
    ['with something behind it', (audience) => `${audience}x`],
    [
      'with a changed seal',
      (audience) => audience.slice(0, -5) + (audience.at(-5) === 'A' ? 'B' : 'A') + audience.slice(-4),
    ],
    [
      'with a later expiry',
      (audience) => audience.replace(/\/(\d+)\./, (_all, expires: string) => `/${Number(expires) + 60}.`),
    ],
    ['with an empty challenge', (audience) => audience.slice(0, audience.lastIndexOf('/') + 1)],
    ['with a challenge within a path', (audience) => audience.replace(/\/(\d+\.)/, '/x/$1')],
  ])('%s is no challenge of this gate', async ([, change]) => {
    const one = await session();
    const token = await bench.issuer.sign(change(await one.challenge()));
    expect(await send(one, token)).toMatchObject(refused(/^the challenge is not /, 'challenge-stale', 409));
    expect(await send(one, await one.token())).toEqual(accepted);
  });

  test('of the challenge of another session, or of another runner, is stale', async () => {
    const [one, other] = [await session(), await session()];
    expect(await send(one, await other.token())).toMatchObject(
      refused('the challenge is not the one that this gate gave this session and runner', 'challenge-stale', 409),
    );
    const older = await one.challenge();
    const newer = await one.runner.session();
    expect(await send(newer, await bench.issuer.sign(older))).toMatchObject(
      refused(/^the challenge/, 'challenge-stale', 409),
    );
    expect(await send(newer, await newer.token())).toEqual(accepted);
  });

  test('of an expired challenge is stale, and a new challenge helps', async () => {
    const one = await session();
    const challenge = await one.challenge();
    shift = 122_000;
    try {
      const late = await bench.issuer.sign(challenge, { iat: now() + 122, exp: now() + 300 });
      expect(await send(one, late)).toMatchObject(refused('the challenge has expired', 'challenge-stale', 409));
      expect(await send(one, await one.token({ iat: now() + 122 }))).toEqual(accepted);
    } finally {
      shift = 0;
    }
  });

  test('of a challenge of the gate before this one is stale', async () => {
    const before = await startBench();
    const foreign = await (await before.runner('runner-x')).session();
    const challenge = await foreign.challenge();
    await before.stop();
    const one = await session();
    expect(await send(one, await bench.issuer.sign(challenge))).toMatchObject(
      refused(/^the challenge/, 'challenge-stale', 409),
    );
  });
});

describe('a clock that is ten minutes off', () => {
  test.for([600_000, -600_000])('by %i ms refuses every token instead of guessing', async (off) => {
    const one = await session();
    shift = off;
    try {
      expect(await send(one, await one.token())).toMatchObject(
        refused(/^token refused: (iat|exp|nbf): is out of time$/),
      );
    } finally {
      shift = 0;
    }
    expect(await send(one, await one.token())).toEqual(accepted);
  });
});

describe('what a refused token leaves behind', () => {
  test('a line in the audit log with code and reason, no cell, and no byte of the token', async () => {
    const one = await session();
    const cells = bench.cells.cells.length;
    const token = await bench.issuer.sign(await one.challenge(), { exp: undefined });
    expect(await one.ask({ token })).toMatchObject(refused('token refused: exp: is missing'));
    const line = bench.audit().findLast(({ runner }) => runner === one.runner.name);
    expect(line).toMatchObject({
      event: 'proof',
      decision: 'refused',
      code: 'token-refused',
      message: 'token refused: exp: is missing',
    });
    for (const piece of token.split('.')) expect(JSON.stringify(bench.audit())).not.toContain(piece);
    expect(bench.cells.cells.length).toBe(cells);
  });
});
