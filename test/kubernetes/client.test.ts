import { renameSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type KubernetesAccess, accessInCluster, createKubernetesClient } from '../../src/gate/index.ts';
import { credentialsOf } from '../../src/gate/kubernetes/access.ts';
import { pauseBefore } from '../../src/gate/kubernetes/client.ts';
import { KubernetesError } from '../../src/gate/kubernetes/kubernetes-error.ts';
import { listAll } from '../../src/gate/kubernetes/list.ts';
import { type FakeApi, startFakeApi } from '../fakes/api-server.ts';
import { certificate } from '../hook/support/certificate.ts';
import { accessWith } from './gate-access.ts';

// How the gate speaks to an API server that is busy, goes away, or is none.

const maps = '/api/v1/namespaces/n/configmaps';
const get = { method: 'GET', path: `${maps}/a`, limit: 5_000 } as const;
const post = { method: 'POST', path: maps, body: { metadata: { name: 'b' } }, limit: 5_000 } as const;

async function failed(promise: Promise<unknown>): Promise<KubernetesError> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof KubernetesError)) throw new Error('it did not fail as expected', { cause: error });
  return error;
}

describe('a call to the API server', () => {
  let api: FakeApi;
  let access: KubernetesAccess;
  beforeEach(async () => {
    api = await startFakeApi();
    access = accessWith(api.server, 'token-1\n', api.ca);
    api.put(`${maps}/a`, { metadata: {}, data: { a: 'x' } });
  });
  afterEach(() => api.stop());

  it('brings the token that stands in its file now', async () => {
    const client = createKubernetesClient(access);
    await client.call(get);
    writeFileSync(`${access.token}.new`, 'token-2');
    renameSync(`${access.token}.new`, access.token);
    await client.call(get);
    expect(api.bearers).toEqual(['Bearer token-1', 'Bearer token-2']);
  });

  it.each([
    [429, { 'retry-after': '0' }],
    [503, {}],
  ])('that is answered %d is made again, whatever it is', async (status, headers) => {
    api.play('POST', { status, headers }, { status, headers });
    expect((await createKubernetesClient(access).call(post)).status).toBe(201);
    expect(api.calls).toHaveLength(3);
  });

  it('waits for as long as the server wants, and gives up when that is longer than it may take', async () => {
    api.play('GET', { status: 429, headers: { 'retry-after': '1' } });
    const began = performance.now();
    await createKubernetesClient(access).call(get);
    expect(performance.now() - began).toBeGreaterThanOrEqual(1_000);
    api.play('GET', { status: 429, headers: { 'retry-after': '3600' } });
    const error = await failed(createKubernetesClient(access).call(get));
    expect([error.status, error.retryAfter]).toEqual([429, 60_000]);
    expect(api.calls).toHaveLength(3);
  });

  it.each([
    [401, 'Unauthorized'],
    [403, 'configmaps is forbidden: User "x" cannot create resource "configmaps" in API group ""'],
  ])(
    'that a server refuses (%d) which has just started and knows no rights yet is made again',
    async (status, message) => {
      api.play('POST', { status, body: { message } }, { status, body: { message } });
      expect((await createKubernetesClient(access).call(post)).status).toBe(201);
    },
  );

  it('for which there is no right ends after some seconds, however patient its caller is', async () => {
    api.play('POST', ...Array.from({ length: 200 }, () => ({ status: 403, body: { message: 'x cannot create y' } })));
    const began = performance.now();
    expect((await failed(createKubernetesClient(access).call(post, { patience: 600_000 }))).status).toBe(403);
    expect(performance.now() - began).toBeGreaterThan(4_000);
  });

  it.each([[{ status: 500 }], [{ status: 504 }], ['cut']] as const)(
    'whose outcome is unknown (%j) is made again only where that does no harm',
    async (played) => {
      const client = createKubernetesClient(access);
      api.play('GET', played);
      expect((await client.call(get)).status).toBe(200);
      api.play('POST', played);
      await failed(client.call(post));
      api.play('POST', played);
      const onRepeat = vi.fn();
      expect((await client.call(post, { repeatable: true, onRepeat })).status).toBe(201);
      expect(onRepeat).toHaveBeenCalledOnce();
    },
  );

  it('is made again when nobody took the connection, until its time is over', async () => {
    await api.stop();
    const client = createKubernetesClient(access);
    const error = await failed(client.call({ ...post, limit: 300 }));
    // On a busy machine the last try may not even get that far.
    expect([error.trouble, error.status]).toEqual([expect.stringMatching(/^(?:unreachable|stalled)$/), null]);
    const calling = client.call(post);
    await api.start();
    expect((await calling).status).toBe(201);
  });

  it('without an answer ends with its time', async () => {
    api.play('GET', 'hang');
    expect(await failed(createKubernetesClient(access).call({ ...get, limit: 200 }))).toMatchObject({
      trouble: 'stalled',
      detail: 'no whole answer after 0.2 s',
    });
  });

  it.each([
    [403, 'Forbidden'],
    [404, 'NotFound'],
    [409, 'Conflict'],
    [422, 'Invalid'],
  ])('that is refused (%d) is not made again, and the words of the server are kept', async (status, reason) => {
    api.play('GET', { status, body: { message: 'because', reason } });
    expect(await failed(createKubernetesClient(access).call(get))).toMatchObject({
      trouble: 'refused',
      status,
      reason,
      detail: 'because',
      message: `GET ${maps}/a: ${status} "because"`,
    });
    expect(api.calls).toHaveLength(1);
  });

  it('that is sent elsewhere goes nowhere', async () => {
    api.play('GET', { status: 302, headers: { location: `${api.server}/elsewhere` } });
    expect((await failed(createKubernetesClient(access).call(get))).status).toBe(302);
    expect(api.calls).toHaveLength(1);
  });

  it('whose answer is no JSON fails without a word of it, which may hold a token', async () => {
    api.play('GET', { status: 200, body: 'secret-token' });
    const error = await failed(createKubernetesClient(access).call(get));
    expect(error.trouble).toBe('malformed');
    expect(JSON.stringify([error.message, error.detail, String(error.cause)])).not.toContain('secret');
  });

  it('never goes to a server of another authority, nor of another name', async () => {
    const other = await certificate('localhost');
    const client = createKubernetesClient(accessWith(api.server, 'token', other.cert));
    expect((await failed(client.call(get))).trouble).toBe('untrusted');
    const named = accessWith(api.server.replace('localhost', '127.0.0.1'), 'token', api.ca);
    expect((await failed(createKubernetesClient(named).call({ ...get, limit: 500 }))).trouble).toBe('untrusted');
    expect(api.calls).toEqual([]);
  });

  it('to delete carries its grace', async () => {
    const body = { gracePeriodSeconds: 1 };
    await createKubernetesClient(access).call({ method: 'DELETE', path: `${maps}/a`, body, limit: 5_000 });
    expect(api.bodies).toEqual([body]);
  });

  it('lists page by page', async () => {
    for (let n = 0; n < 120; n++) api.put(`${maps}/m${n}`, { metadata: { labels: { k: 'v' } } });
    const { items, version } = await listAll(createKubernetesClient(access), maps, 'k=v', 5_000);
    expect(items).toHaveLength(120);
    expect(Number(version)).toBeGreaterThan(100);
    expect(api.calls).toHaveLength(3);
  });

  it.each([
    ['', 'holds no token'],
    ['two words', 'holds no token'],
    ['a\r\nx-evil: 1', 'holds no token'],
  ])('is not made with %j in the place of a token', async (token, why) => {
    const error = await failed(createKubernetesClient(accessWith(api.server, token, api.ca)).call(get));
    expect(error.trouble).toBe('no-credentials');
    expect(error.detail).toContain(why);
    expect(api.calls).toEqual([]);
  });
});

describe('access', () => {
  it('is what the kubelet gives every pod', async () => {
    const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
    expect(accessInCluster(env)).toEqual({
      server: 'https://10.96.0.1:443',
      token: `${folder}/token`,
      ca: `${folder}/ca.crt`,
    });
    expect(accessInCluster({ ...env, KUBERNETES_SERVICE_HOST: 'fd00::1' })?.server).toBe('https://[fd00::1]:443');
    expect(accessInCluster({})).toBeNull();
    const none = { server: '', token: '/nowhere/token', ca: '/nowhere/ca' };
    await expect(credentialsOf(none)).rejects.toMatchObject({ trouble: 'no-credentials' });
  });
});

describe('the pause before another try', () => {
  it('grows, is bounded, and is never shorter than the server wants', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 20].map((tries) => pauseBefore(tries, { retryAfter: null }, 1));
    expect(pauses).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000]);
    expect(pauseBefore(0, { retryAfter: null }, 0)).toBe(50);
    expect(pauseBefore(0, { retryAfter: 5_000 }, 1)).toBe(5_050);
  });
});
