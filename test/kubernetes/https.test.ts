import { spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, createServer } from 'node:http';
import { Agent, request } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TLSSocket, connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createKubernetesClient, createLog, createPodIdentity, listenOnHttps } from '../../src/gate/index.ts';
import { type FakeApi, startFakeApi } from '../fakes/api-server.ts';
import { type Bench, startBench } from '../gate/support/bench.ts';
import type { Answer } from '../gate/support/http.ts';
import { certificate } from '../hook/support/certificate.ts';
import { Job } from '../hook/support/job.ts';
import { programOf } from '../support/programs.ts';
import { accessWith } from './gate-access.ts';

// The gate as runners in pods reach it: HTTPS, each call with its runner's token, all on one address.

const uid = '0a0b0c0d-0000-4000-8000-00000000000';
/** Tokens, each of a pod with an address of this machine. */
const pods = new Map([
  ['token-of-r1', { name: 'r1', uid: `${uid}1`, ip: '127.0.0.1' }],
  ['token-of-r2', { name: 'r2', uid: `${uid}2`, ip: '127.0.0.2' }],
]);

let pair: { key: string; cert: string };
let other: typeof pair;
let api: FakeApi;
let bench: Bench;
let folder: string;
let lines: string[];
const open: Awaited<ReturnType<typeof listenOnHttps>>[] = [];

beforeAll(async () => {
  [pair, other] = await Promise.all([certificate('localhost'), certificate('next.test', 'localhost')]);
  api = await startFakeApi();
  api.review = (token) => {
    const pod = pods.get(token);
    if (pod === undefined) return { authenticated: false, error: 'invalid bearer token' };
    const extra = {
      'authentication.kubernetes.io/pod-name': [pod.name],
      'authentication.kubernetes.io/pod-uid': [pod.uid],
    };
    return {
      authenticated: true,
      audiences: ['airlock'],
      user: { username: 'system:serviceaccount:runners:runner', extra },
    };
  };
  for (const { name, uid: its, ip } of pods.values()) {
    api.put(`/api/v1/namespaces/runners/pods/${name}`, { metadata: {}, status: { phase: 'Running', podIP: ip } });
    api.get(`/api/v1/namespaces/runners/pods/${name}`).metadata.uid = its;
  }
  bench = await startBench();
});
afterAll(async () => {
  await bench.stop();
  await api.stop();
});
beforeEach(() => {
  lines = [];
  folder = mkdtempSync(join(tmpdir(), 'airlock-https-'));
  put(pair);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
  rmSync(folder, { recursive: true, force: true });
});

/** In the place of the old ones at once, as the kubelet replaces a Secret. */
function put({ key, cert }: typeof pair): void {
  for (const [name, text] of [
    ['tls.key', key],
    ['tls.crt', cert],
  ] as const) {
    writeFileSync(join(folder, `${name}.new`), text);
    renameSync(join(folder, `${name}.new`), join(folder, name));
  }
}

async function listen(limits: Parameters<typeof listenOnHttps>[2] = {}, more: object = {}): Promise<number> {
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  const client = createKubernetesClient(accessWith(api.server, 'gate-token', api.ca));
  const identity = createPodIdentity({
    client,
    audience: 'airlock',
    serviceAccounts: ['runners/runner'],
    address: 'check',
  });
  const listener = await listenOnHttps(
    { ...bench.gate, log },
    {
      host: '127.0.0.1',
      port: 0,
      certificate: { file: join(folder, 'tls.crt') },
      key: { file: join(folder, 'tls.key') },
      identity,
      recheck: 20,
      ...more,
    },
    { close: 200, ...limits },
  );
  open.push(listener);
  return listener.port;
}

interface Called {
  readonly token?: string;
  readonly from?: string;
  readonly agent?: Agent;
  readonly path?: string;
}

function ask(
  port: number,
  { token, from = '127.0.0.1', agent, path = '/v1/sessions' }: Called = {},
): Promise<Answer & { readonly fingerprint: string }> {
  return new Promise((done, fail) => {
    const body = JSON.stringify(path === '/v1/sessions' ? { v: 1, image: 'airlock' } : {});
    const headers = {
      'content-type': 'application/json',
      'content-length': String(body.length),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const options = {
      host: '127.0.0.1',
      port,
      method: 'POST',
      path,
      headers,
      localAddress: from,
      servername: 'localhost',
    };
    const call = request(
      { ...options, agent: agent ?? false, ca: [pair.cert, other.cert] },
      (answer: IncomingMessage) => {
        const { fingerprint256 } = (answer.socket as TLSSocket).getPeerCertificate();
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.on('end', () =>
          done({ status: answer.statusCode ?? 0, body: JSON.parse(text), fingerprint: fingerprint256 }),
        );
      },
    );
    call.on('error', fail).end(body);
  });
}

it('a job’s hook reaches the gate by HTTPS with the token of its pod, and its session is of this pod', async () => {
  const port = await listen();
  // GitHub's end, which signs for whatever audience the hook was given.
  const issuer = createServer((asked, answer) => {
    const audience = new URL(asked.url ?? '', 'http://x').searchParams.get('audience');
    void bench.issuer.sign(audience).then((value) => answer.end(JSON.stringify({ value })));
  });
  await new Promise<void>((done) => issuer.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/idtoken?api-version=2.0`;
  const job = new Job(`https://localhost:${port}`, { url });
  try {
    const env = {
      ...job.env,
      AIRLOCK_GATE_CA: job.put(join(job.home, 'ca.pem'), pair.cert),
      AIRLOCK_RUNNER_TOKEN: job.put(join(job.home, 'token'), 'token-of-r1\n'),
    };
    const input = job.prepare({ image: 'airlock' });
    job.put((input as { responseFile: string }).responseFile, '');
    const hook = spawn(process.execPath, [await programOf('src/hook/main.ts')], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let said = '';
    hook.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    hook.stdin.end(JSON.stringify(input));
    const code = await new Promise((done) => hook.once('close', done));
    expect([code, said]).toEqual([0, expect.any(String)]);
    expect(bench.audit()).toContainEqual(
      expect.objectContaining({ event: 'rehearsal', decision: 'allowed', runner: `runners/r1:${uid}1` }),
    );
  } finally {
    job.remove();
    issuer.close();
  }
});

it('a caller without a token, with a made-up one, or with that of another pod is refused', async () => {
  const port = await listen();
  const told = async (called: Called) => {
    const { status, body } = await ask(port, called);
    return [status, body.refused?.code, body.refused?.message];
  };
  expect(await told({})).toEqual([401, 'runner-not-known', 'the call brings no token of its runner']);
  expect(await told({ token: 'made-up' })).toEqual([
    401,
    'runner-not-known',
    'the token of this runner is not one of this cluster for this gate, or its pod is gone',
  ]);
  expect(await told({ token: 'token-of-r2' })).toEqual([
    401,
    'runner-not-known',
    'the call does not come from the pod of its token',
  ]);
  expect(await told({ token: 'token-of-r2', from: '127.0.0.2' })).toEqual([200, undefined, undefined]);
});

it('the session of one pod is nobody else’s', async () => {
  const port = await listen();
  const { body } = await ask(port, { token: 'token-of-r1' });
  const path = `/v1/sessions/${body.session}/challenge`;
  expect((await ask(port, { token: 'token-of-r1', path })).status).toBe(200);
  expect((await ask(port, { token: 'token-of-r2', from: '127.0.0.2', path })).body.refused?.code).toBe(
    'session-unknown',
  );
});

it('a gate whose cluster does not answer says that it passes', async () => {
  const port = await listen();
  api.play('tokenreviews', { status: 403 });
  const { status, body } = await ask(port, { token: 'token-of-r1' });
  expect([status, body.failed?.code, body.failed?.message]).toEqual([
    503,
    'gate-failed',
    'the cluster could not be asked who calls; this passes',
  ]);
});

it('a new certificate is taken while the gate runs, and no connection is dropped', async () => {
  const port = await listen();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const token = 'token-of-r1';
  const before = await ask(port, { token, agent });
  put(other);
  await expect
    .poll(async () => (await ask(port, { token })).fingerprint, { timeout: 20_000 })
    .not.toBe(before.fingerprint);
  // On the connection of before.
  const after = await ask(port, { token, agent });
  expect([after.status, after.fingerprint]).toEqual([200, before.fingerprint]);
  agent.destroy();
  expect(lines.some((line) => line.includes('the gate has a new certificate'))).toBe(true);
});

it('a certificate without its key is not taken; the old one stays', async () => {
  const port = await listen();
  const { fingerprint } = await ask(port, { token: 'token-of-r1' });
  put({ cert: other.cert, key: pair.key });
  await expect.poll(() => lines.join(''), { timeout: 20_000 }).toContain('the key belongs to another certificate');
  expect((await ask(port, { token: 'token-of-r1' })).fingerprint).toBe(fingerprint);
  expect(lines.join('')).not.toContain('PRIVATE KEY');
});

it.each([
  [
    'belongs to another certificate',
    () => put({ cert: other.cert, key: pair.key }),
    'the key belongs to another certificate',
  ],
  ['is not there', () => rmSync(join(folder, 'tls.key')), 'ENOENT'],
])('a gate whose key %s does not start, and says why', async (_, change, why) => {
  change();
  const error: unknown = await listen().catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: 'gate-failed',
    message: expect.stringContaining(`(${join(folder, 'tls.crt')}) cannot be used: `),
  });
  expect((error as Error).message).toContain(why);
});

it('one address has its share of connections, and takes none of another’s', async () => {
  const port = await listen({ connections: 3 });
  const socketFrom = (localAddress: string): Promise<TLSSocket | null> =>
    new Promise((done) => {
      const socket = connectTls({
        socket: connect({ host: '127.0.0.1', port, localAddress }),
        ca: pair.cert,
        servername: 'localhost',
      });
      socket
        .once('secureConnect', () => done(socket))
        .on('error', () => done(null))
        .once('close', () => done(null));
    });
  const sockets = await Promise.all([1, 2, 3].map(() => socketFrom('127.0.0.1')));
  expect(sockets.every((socket) => socket !== null)).toBe(true);
  expect(await socketFrom('127.0.0.1')).toBeNull();
  expect((await ask(port, { token: 'token-of-r2', from: '127.0.0.2' })).status).toBe(200);
  sockets[0]?.destroy();
  // What was given back is there again.
  await expect
    .poll(
      () =>
        ask(port, { token: 'token-of-r1' }).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 20_000 },
    )
    .toBe(200);
  for (const socket of sockets) socket?.destroy();
});

it('who speaks no TLS, or nothing at all, is not kept', async () => {
  const port = await listen({ headers: 300, check: 50, stall: 300 });
  const end = (bytes: string): Promise<string> =>
    new Promise((done) => {
      let heard = '';
      const socket = connect({ host: '127.0.0.1', port }, () => socket.write(bytes));
      socket
        .on('data', (data) => (heard += data.toString('latin1')))
        .on('error', () => undefined)
        .once('close', () => done(heard));
    });
  expect(await end('GET /v1/sessions HTTP/1.1\r\nhost: x\r\n\r\n')).not.toContain('session');
  await end('');
});

it('no line of the log holds a token', async () => {
  const port = await listen();
  for (const token of ['token-of-r1', 'token-of-r2', 'made-up']) await ask(port, { token });
  api.play('tokenreviews', { status: 403 }, { status: 200, body: 'token-of-r1' }, 'cut');
  for (const token of ['made-up-a', 'made-up-b', 'made-up-c']) await ask(port, { token });
  const log = lines.join('');
  expect(log).toContain('an unknown caller');
  expect(log).toContain('nobody knows who calls');
  expect(log).not.toMatch(/token-of|made-up|gate-token|Bearer/);
});
