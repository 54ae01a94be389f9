import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/gate/index.ts';
import { createChallenges } from '../../src/gate/identity/challenge.ts';
import { httpsGet } from '../../src/gate/identity/https-get.ts';
import { parseKeySet } from '../../src/gate/identity/key-set.ts';
import type { IdentityPolicy } from '../../src/policy/index.ts';
import { type KeyServer, startKeyServer } from '../fakes/jwks.ts';
import { type Bench, type TestSession, startBench } from './support/bench.ts';
import { type TestIssuer, createIssuer } from './support/issuer.ts';

// Rules of identity whose absence no other test would notice (test/guards). What a key server says here would be
// believed if nobody looked: right keys in the wrong place.

let server: KeyServer;
/** Another host of the same name: another port, a certificate of its own, which the gate trusts as well. */
let other: { readonly issuer: string; readonly ca: string; close(): Promise<void> };
let key: TestIssuer;
let bench: Bench | undefined;
let plain: KeyServer['answer'];
beforeAll(async () => {
  server = await startKeyServer();
  other = await startOther();
  key = await createIssuer('key-1', server.issuer);
  plain = server.answer;
});
beforeEach(() => {
  server.answer = plain;
  server.keys = [key.jwk];
});
afterEach(async () => {
  await bench?.stop();
  bench = undefined;
});
afterAll(() => Promise.all([server.close(), other.close()]));

async function startOther(): Promise<typeof other> {
  const pems = await generate([{ name: 'commonName', value: 'other' }], {
    keySize: 2048,
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ],
  });
  const listener = createServer(
    { key: pems.private, cert: pems.cert },
    (_request, response) => void response.end(keySet()),
  );
  await new Promise<void>((done) => listener.listen(0, 'localhost', done));
  const close = () =>
    new Promise<void>((done) => {
      listener.close(() => done());
      listener.closeAllConnections();
    });
  return { issuer: `https://localhost:${(listener.address() as AddressInfo).port}`, ca: pems.cert, close };
}

async function gateWith(identity: Partial<IdentityPolicy> = {}): Promise<TestSession> {
  bench = await startBench({
    timing: { keysCooldown: 0, keysRetry: 60_000, keysFetch: 5_000 },
    change(policy) {
      const ca = { file: join(policy.identity.keys!.file, '..', 'ca.pem') };
      writeFileSync(ca.file, `${server.ca}\n${other.ca}`);
      return { ...policy, identity: { ...policy.identity, issuer: server.issuer, keys: undefined, ca, ...identity } };
    },
  });
  return (await bench.runner()).session();
}
async function prove(session: TestSession): Promise<number> {
  const token = await key.sign(await session.challenge());
  return (await session.runner.call('POST', `/v1/sessions/${session.id}/rehearsal`, { token })).status;
}
const keySet = (): string => JSON.stringify({ keys: [key.jwk] });
/** Discovery as it is, the key set as told. */
const keysBy =
  (answer: KeyServer['answer']): KeyServer['answer'] =>
  (request, response) =>
    request.url?.endsWith('jwks') ? answer(request, response) : plain(request, response);

describe('keys that would verify the token are not used', () => {
  const wrong: readonly [string, () => KeyServer['answer']][] = [
    [
      'when the discovery document is of another issuer',
      () => (request, response) =>
        request.url?.endsWith('jwks')
          ? plain(request, response)
          : void response.end(JSON.stringify({ issuer: other.issuer, jwks_uri: `${server.issuer}/jwks` })),
    ],
    [
      'when they are on another host',
      () => (_request, response) =>
        void response.end(JSON.stringify({ issuer: server.issuer, jwks_uri: `${other.issuer}/.well-known/jwks` })),
    ],
    [
      'when they come with a redirect',
      () =>
        keysBy(
          (_request, response) => void response.writeHead(302, { location: `${other.issuer}/jwks` }).end(keySet()),
        ),
    ],
    ['when they come with 404', () => keysBy((_request, response) => void response.writeHead(404).end(keySet()))],
    [
      'when they are said to be encoded',
      () => keysBy((_request, response) => void response.writeHead(200, { 'content-encoding': 'br' }).end(keySet())),
    ],
    ['when they are 300 KB', () => keysBy((_request, response) => void response.end(keySet() + ' '.repeat(300_000)))],
  ];
  test.for(wrong)('%s', async ([, answer]) => {
    server.answer = answer();
    expect(await prove(await gateWith())).toBe(503);
  });

  test('their honest twin is, and the other host would be believed if its keys were asked for', async () => {
    const url = new URL(`${other.issuer}/jwks`);
    expect(await httpsGet(url, { ca: `${server.ca}\n${other.ca}`, timeout: 20_000, maxBytes: 100_000 })).toBe(keySet());
    expect(await prove(await gateWith())).toBe(200);
  });

  test.for([
    ['small: it is read', 0, 200],
    ['larger than 256 KiB', 300_000, 503],
  ] as const)('when their file is %s', async ([, spaces, status]) => {
    const folder = mkdtempSync(join(tmpdir(), 'airlock-keys-'));
    try {
      const keys = { file: join(folder, 'keys.json') };
      writeFileSync(keys.file, keySet() + ' '.repeat(spaces));
      expect(await prove(await gateWith({ keys }))).toBe(status);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('keys that cannot be had', () => {
  test('are waited for no longer than they may', async () => {
    server.answer = (_request, response) => void setTimeout(() => response.end(keySet()), 3_000);
    const get = (timeout: number) =>
      httpsGet(new URL(`${server.issuer}/jwks`), { ca: server.ca, timeout, maxBytes: 100_000 });
    await expect(get(200)).rejects.toThrow('it took longer than 200 ms');
    expect(await get(20_000)).toBe(keySet());
  });

  test('are not asked for again at once, however often somebody asks', async () => {
    server.answer = (_request, response) => void response.writeHead(500).end();
    const session = await gateWith();
    server.asked.length = 0;
    for (const _ of [1, 2, 3]) expect(await prove(session)).toBe(503);
    expect(server.asked).toHaveLength(1);
  });
});

describe('a key set', () => {
  test('gives no key of another kind, whatever else it has of an RSA key', () => {
    const key = { kid: 'a', n: 'n', e: 'AQAB' };
    expect(parseKeySet(JSON.stringify({ keys: [{ ...key, kty: 'RSA' }] })).keys).toHaveLength(1);
    for (const kty of ['oct', 'EC', 'OKP', 'rsa'])
      expect(() => parseKeySet(JSON.stringify({ keys: [{ ...key, kty }] }))).toThrow('no RSA key');
  });
});

describe('a challenge', () => {
  const session = 'a'.repeat(32);
  const runner = { id: 'runner-1', ephemeral: true };

  test('is one only for the session and the runner that it was made for, at the gate that made it', () => {
    const challenges = createChallenges(60_000, systemClock);
    const { text } = challenges.make(session, runner);
    expect(() => challenges.check(text, session, runner)).not.toThrow();
    const stale = 'is not the one that this gate gave this session and runner';
    expect(() => challenges.check(text, 'b'.repeat(32), runner)).toThrow(stale);
    expect(() => challenges.check(text, session, { ...runner, id: 'runner-2' })).toThrow(stale);
    expect(() => createChallenges(60_000, systemClock).check(text, session, runner)).toThrow(stale);
  });
});

describe('a header of a token', () => {
  test.for(['zip', 'enc', 'b64', 'jku', 'x5u', 'x5c'])('%s is refused by its name', async (name) => {
    const session = await gateWith();
    const token = await key.sign(await session.challenge(), {}, { [name]: name === 'b64' ? true : 'x' });
    const answer = await session.runner.call('POST', `/v1/sessions/${session.id}/rehearsal`, { token });
    expect(answer.body.refused).toMatchObject({
      code: 'token-refused',
      message: `token refused: ${name}: this header is not allowed`,
    });
    expect(await prove(session)).toBe(200);
  });
});
