// Where the issuer's keys come from (THREATS.md section 6, 92). When they cannot be had, nobody is identified, and the
// author is told that it is not the workflow's fault.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { defaultTiming } from '../../src/gate/index.ts';
import { createKeys } from '../../src/gate/identity/keys.ts';
import { parseKeySet } from '../../src/gate/identity/key-set.ts';
import type { IdentityPolicy } from '../../src/policy/index.ts';
import { type KeyServer, startConnectProxy, startKeyServer } from '../fakes/jwks.ts';
import { type Bench, type BenchOptions, type TestSession, startBench } from './support/bench.ts';
import type { Answer } from './support/http.ts';
import { type TestIssuer, createIssuer } from './support/issuer.ts';

let server: KeyServer;
let key: TestIssuer;
let bench: Bench | undefined;
const honest = (): void => {
  server.keys = [key.jwk];
  server.asked.length = 0;
};
const original: { answer?: KeyServer['answer'] } = {};
beforeAll(async () => {
  server = await startKeyServer();
  key = await createIssuer('key-1', server.issuer);
  original.answer = server.answer;
});
beforeEach(honest);
afterEach(async () => {
  server.answer = original.answer!;
  await bench?.stop();
  bench = undefined;
});
afterAll(() => server.close());

async function gateWith(identity: Partial<IdentityPolicy> = {}, options: BenchOptions = {}): Promise<TestSession> {
  bench = await startBench({
    timing: { keysCooldown: 0, keysRetry: 0, keysFetch: 2_000, ...options.timing },
    change(policy) {
      const ca = { file: join(policy.identity.keys!.file, '..', 'ca.pem') };
      writeFileSync(ca.file, server.ca);
      return { ...policy, identity: { ...policy.identity, issuer: server.issuer, keys: undefined, ca, ...identity } };
    },
  });
  return (await bench.runner()).session();
}
async function prove(session: TestSession, by: TestIssuer = key): Promise<Answer> {
  const token = await by.sign(await session.challenge());
  return session.runner.call('POST', `/v1/sessions/${session.id}/rehearsal`, { token });
}
const accepted = { status: 200 };
const unreadable = {
  status: 503,
  body: {
    failed: {
      code: 'gate-failed',
      message: 'the keys that GitHub signs with cannot be read, so nobody can be identified; tell the operator',
    },
  },
};

describe("the issuer's key set", () => {
  test('is found by discovery, fetched once, and kept', async () => {
    const session = await gateWith({}, { timing: { keysCooldown: 30_000 } });
    const answers = await Promise.all([prove(session), prove(session), prove(session)]);
    for (const answer of answers) expect(answer).toMatchObject(accepted);
    expect(server.asked).toEqual(['/.well-known/openid-configuration', '/.well-known/jwks']);
  });

  test('is fetched again for a key that was added since: rotation needs no restart', async () => {
    const session = await gateWith();
    expect(await prove(session)).toMatchObject(accepted);
    const next = await createIssuer('key-2', server.issuer);
    expect(await prove(session, next)).toMatchObject({
      status: 403,
      body: { refused: { message: 'token refused: kid: names no key of the issuer' } },
    });
    server.keys = [next.jwk];
    expect(await prove(session, next)).toMatchObject(accepted);
    expect(await prove(session, key)).toMatchObject({
      status: 403,
      body: { refused: { message: 'token refused: kid: names no key of the issuer' } },
    });
  });

  test('is not fetched for every made-up key id', async () => {
    const session = await gateWith({}, { timing: { keysCooldown: 30_000 } });
    await prove(session);
    const foreign = await createIssuer('key-9', server.issuer);
    for (let n = 0; n < 5; n++) expect(await prove(session, foreign)).toMatchObject({ status: 403 });
    expect(server.asked).toHaveLength(2);
  });

  test('that is too old is not used when it cannot be renewed', async () => {
    const session = await gateWith({}, { timing: { keysAge: 0 } });
    expect(await prove(session)).toMatchObject(accepted);
    server.answer = (_request, response) => void response.writeHead(500).end();
    expect(await prove(session)).toMatchObject(unreadable);
    server.answer = original.answer!;
    expect(await prove(session)).toMatchObject(accepted);
  });

  test('is fetched through identity.proxy by CONNECT', async () => {
    const proxy = await startConnectProxy();
    try {
      const session = await gateWith({ proxy: proxy.url });
      expect(await prove(session)).toMatchObject(accepted);
      const { host } = new URL(server.issuer);
      expect(proxy.asked).toEqual([host, host]);
    } finally {
      await proxy.close();
    }
  });

  test('in a file needs no network, and is read again for a new key', async () => {
    const session = await gateWith();
    const file = join(bench!.folder, 'other.json');
    await bench!.stop();
    bench = undefined;
    expect(session).toBeDefined();
    bench = await startBench({ timing: { keysCooldown: 0 } });
    const second = await (await bench.runner()).session();
    expect(await prove(second, bench.issuer)).toMatchObject(accepted);
    const next = await createIssuer('key-2');
    writeFileSync(join(bench.folder, 'keys.json'), JSON.stringify({ keys: [next.jwk] }));
    expect(await prove(second, next)).toMatchObject(accepted);
    expect(file).toContain('other');
  });
});

describe('nobody is identified', () => {
  const answers: readonly [string, KeyServer['answer']][] = [
    ['the key server answers 500', (_request, response) => void response.writeHead(500).end('{}')],
    [
      'it redirects',
      (_request, response) => void response.writeHead(302, { location: `${server.issuer}/.well-known/jwks` }).end(),
    ],
    [
      'the key set is 10 MiB',
      (request, response) =>
        request.url?.endsWith('jwks')
          ? void response.end(`{"keys":[]${' '.repeat(10_485_760)}}`)
          : original.answer!(request, response),
    ],
    ['the discovery document is 10 MiB', (_request, response) => void response.end(`{${' '.repeat(10_485_760)}}`)],
    ['it answers nothing', () => undefined],
    ['it stops in the middle', (_request, response) => void response.write('{"issuer":')],
    ['it is no JSON', (_request, response) => void response.end('<html>')],
    [
      'the key set is empty',
      (request, response) =>
        request.url?.endsWith('jwks') ? void response.end('{"keys":[]}') : original.answer!(request, response),
    ],
    [
      'the key set holds a shared secret only',
      (request, response) =>
        request.url?.endsWith('jwks')
          ? void response.end('{"keys":[{"kty":"oct","kid":"key-1","k":"AAAA"}]}')
          : original.answer!(request, response),
    ],
    [
      'the answer is encoded',
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    ],
    [
      'the discovery document is of another issuer',
      (_request, response) =>
        void response.end(
          JSON.stringify({ issuer: 'https://evil.example', jwks_uri: `${server.issuer}/.well-known/jwks` }),
        ),
    ],
    [
      'the key set is on another host',
      (_request, response) =>
        void response.end(JSON.stringify({ issuer: server.issuer, jwks_uri: 'https://evil.example/jwks' })),
    ],
    [
      'the key set is on another port',
      (_request, response) =>
        void response.end(JSON.stringify({ issuer: server.issuer, jwks_uri: 'https://localhost:1/jwks' })),
    ],
    [
      'the key set is plain http',
      (_request, response) =>
        void response.end(JSON.stringify({ issuer: server.issuer, jwks_uri: server.issuer.replace('https', 'http') })),
    ],
  ];
  test.for(answers)('while %s', async ([, answer]) => {
    const session = await gateWith({}, { timing: { keysFetch: 500 } });
    server.answer = answer;
    expect(await prove(session)).toMatchObject(unreadable);
    expect(await session.ask({ token: await key.sign(await session.challenge()) })).toMatchObject(unreadable);
    expect(bench!.cells.cells).toEqual([]);
    server.answer = original.answer!;
    expect(await prove(session)).toMatchObject(accepted);
  });

  test('while nothing listens there, and failed fetches are not repeated at once', async () => {
    const session = await gateWith({ issuer: 'https://localhost:1' }, { timing: { keysRetry: 60_000 } });
    const foreign = await createIssuer('key-1', 'https://localhost:1');
    expect(await prove(session, foreign)).toMatchObject(unreadable);
    expect(await prove(session, foreign)).toMatchObject(unreadable);
  });

  test('while the certificate is not trusted', async () => {
    const session = await gateWith({ ca: undefined });
    expect(await prove(session)).toMatchObject(unreadable);
  });

  test('while the key file is missing or the issuer is not https', async () => {
    const session = await gateWith({ keys: { file: '/nonexistent/keys.json' } });
    expect(await prove(session)).toMatchObject(unreadable);
    const identity = { ...bench!.policy.identity, keys: undefined, issuer: 'http://localhost:1' };
    const keys = createKeys(identity, defaultTiming, { now: Date.now, monotonic: () => performance.now() });
    await expect(keys({ alg: 'RS256' }, { payload: '', signature: '' })).rejects.toMatchObject({
      code: 'gate-failed',
      cause: { message: 'http://localhost:1 is not https' },
    });
  });
});

describe('a key set', () => {
  test('keeps public RSA keys for RS256 and nothing of the rest', () => {
    const rsa = { kty: 'RSA', kid: 'a', n: 'n', e: 'AQAB' };
    const text = JSON.stringify({
      keys: [
        { ...rsa, d: 'private', x5u: 'https://evil.example' },
        { ...rsa, kid: 'b', use: 'enc' },
        { ...rsa, kid: 'c', alg: 'RS512' },
        { kty: 'RSA', n: 'n', e: 'AQAB' },
        { kty: 'oct', kid: 'd', k: 'AAAA' },
        { kty: 'EC', kid: 'e', crv: 'P-256' },
      ],
    });
    expect(parseKeySet(text)).toEqual({ keys: [{ ...rsa, use: 'sig', alg: 'RS256' }] });
  });

  test.for(['', '[]', 'null', '{}', '{"keys":{}}', '{"keys":[5]}', '{"keys":[{"kty":5}]}', '{"keys":[]}'])(
    '%s is none',
    (text) => {
      expect(() => parseKeySet(text)).toThrow(/JSON|Invalid|no RSA key/);
    },
  );
});
