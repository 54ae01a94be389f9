// GitHub's REST API as far as a fleet uses it: a real HTTPS server on loopback, in the form of a GitHub Enterprise Server
// (`/api/v3`). It verifies the App's proof as GitHub does, and breaks when a test says so.

import { type KeyObject, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { jwtVerify } from 'jose';
import { generate } from 'selfsigned';

export interface FakeRegistration {
  readonly id: number;
  readonly name: string;
  readonly labels: readonly string[];
  readonly group: number;
  status: 'online' | 'offline';
  busy: boolean;
}

export interface FakeJob {
  readonly id: number;
  run_id: number;
  run_attempt: number;
  status: string;
  runner_id: number | null;
  runner_name: string | null;
}

export interface AskedCall {
  readonly method: string;
  readonly path: string;
  /** `app`, `installation`, `file` or `none`: by what right. */
  readonly right: string;
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- tests look at it field by field
}

/** What a call is answered in place of the truth. */
export interface Disturbance {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds before the answer. */
  readonly slow?: number;
}

export interface FakeGitHub {
  /** `https://localhost:PORT`. */
  readonly url: string;
  /** PEM text of its certificate, and of the App's private key. */
  readonly ca: string;
  readonly key: string;
  readonly app: string;
  /** A token that is taken as a fine-grained one. */
  readonly token: string;
  readonly organization: string;
  readonly registrations: Map<number, FakeRegistration>;
  /** By `owner/name`, then by id. */
  readonly jobs: Map<string, Map<number, FakeJob>>;
  readonly asked: AskedCall[];
  /** Seconds that an installation token lives. */
  life: number;
  /** Asked for each call; undefined: it is answered as it should be. */
  disturb: (call: { readonly method: string; readonly path: string }) => Disturbance | undefined;
  /** Called before a runner's configuration is handed out. */
  onMade: (made: FakeRegistration) => void | Promise<void>;
  /** All installation tokens end now. */
  revoke(): void;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

const say = (status: number, message: string): Answer => ({ status, body: { message } });

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string;
  return text;
}

/** What is wrong with the App's proof; null: nothing. GitHub allows ten minutes and tolerates no proof of the future. */
async function proofProblem(token: string, key: string, app: string): Promise<string | null> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, createPublicKey(key), {
      algorithms: ['RS256'],
      issuer: app,
    });
    const now = Math.floor(Date.now() / 1000);
    const { iat = Infinity, exp = Infinity } = payload;
    if (protectedHeader.alg !== 'RS256') return 'alg';
    if (iat > now)
      return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
    if (exp - now > 600) return "'Expiration time' claim ('exp') is too far in the future";
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Keys are slow to make: one certificate and one App for all servers of a process. */
let made: Promise<{ readonly pems: { private: string; cert: string }; readonly privateKey: KeyObject }> | undefined;

async function makeKeys(): Promise<{
  readonly pems: { private: string; cert: string };
  readonly privateKey: KeyObject;
}> {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ],
  });
  return { pems, privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey };
}

export async function startGitHub(): Promise<FakeGitHub> {
  made ??= makeKeys();
  const { pems, privateKey } = await made;
  // As GitHub hands it out: PKCS#1.
  const key = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  const installation = 4_711;
  const groups = [
    { id: 1, name: 'Default' },
    { id: 3, name: 'airlock' },
  ];
  const issued = new Map<string, number>();
  let nextId = 100;

  async function rightOf(request: IncomingMessage): Promise<string> {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (token === self.token) return 'file';
    const until = issued.get(token);
    if (until !== undefined) return until > Date.now() ? 'installation' : 'none';
    return (await proofProblem(token, publicKey, self.app)) === null ? 'app' : 'none';
  }

  function makeRunner(body: {
    name?: string;
    runner_group_id?: number;
    labels?: string[];
    work_folder?: string;
  }): Answer {
    const { name, runner_group_id: group, labels } = body;
    if (typeof name !== 'string' || name.length > 64 || !Array.isArray(labels) || labels.length === 0)
      return say(422, 'Invalid input');
    if (typeof group !== 'number') return say(422, 'Invalid input: object is missing required key: runner_group_id');
    if (!groups.some(({ id }) => id === group)) return say(404, 'Not Found');
    if ([...self.registrations.values()].some((one) => one.name === name))
      return say(409, `Already exists - A runner with the name ${name} already exists.`);
    const id = nextId++;
    const runner: FakeRegistration = { id, name, labels, group, status: 'offline', busy: false };
    self.registrations.set(id, runner);
    const config = Buffer.from(JSON.stringify({ name, id, canary: randomBytes(16).toString('hex') })).toString(
      'base64',
    );
    return { status: 201, body: { runner: { ...runner, os: 'unknown' }, encoded_jit_config: config } };
  }

  function page<T>(items: readonly T[], query: URLSearchParams): readonly T[] {
    const size = Math.min(100, Number(query.get('per_page') ?? 30));
    const number = Number(query.get('page') ?? 1);
    return items.slice((number - 1) * size, number * size);
  }

  function withToken(method: string, path: string, query: URLSearchParams, body: object): Answer {
    const scope = /^\/(?:orgs\/octo|repos\/octo\/app)(\/.*)$/.exec(path)?.[1] ?? '';
    if (method === 'POST' && scope === '/actions/runners/generate-jitconfig') return makeRunner(body);
    const all = [...self.registrations.values()];
    if (method === 'GET' && scope === '/actions/runners')
      return { status: 200, body: { total_count: all.length, runners: page(all, query) } };
    if (method === 'GET' && scope === '/actions/runner-groups' && path.startsWith('/orgs/'))
      return { status: 200, body: { total_count: groups.length, runner_groups: page(groups, query) } };
    const [, runner] = /^\/actions\/runners\/([0-9]+)$/.exec(scope) ?? [];
    if (method === 'DELETE' && runner !== undefined) {
      const found = self.registrations.get(Number(runner));
      if (found === undefined) return say(404, 'Not Found');
      if (found.busy) return say(422, `Runner "${found.name}" is currently running a job and cannot be deleted.`);
      self.registrations.delete(found.id);
      return { status: 204 };
    }
    const [, repository = '', job] = /^\/repos\/([^/]+\/[^/]+)\/actions\/jobs\/([0-9]+)$/.exec(path) ?? [];
    const found = job === undefined ? undefined : self.jobs.get(repository)?.get(Number(job));
    return method === 'GET' && found !== undefined ? { status: 200, body: found } : say(404, 'Not Found');
  }

  function answer(method: string, url: URL, right: string, body: object): Answer {
    if (!url.pathname.startsWith('/api/v3/')) return say(404, 'Not Found');
    const path = url.pathname.slice('/api/v3'.length);
    if (right === 'none') return say(401, 'Bad credentials');
    if (right === 'app') {
      if (method === 'GET' && /^\/(orgs\/octo|repos\/octo\/app)\/installation$/.test(path))
        return { status: 200, body: { id: installation } };
      if (method !== 'POST' || path !== `/app/installations/${installation}/access_tokens`)
        return say(404, 'Not Found');
      const token = `ghs_${randomBytes(18).toString('hex')}`;
      const until = Date.now() + self.life * 1000;
      issued.set(token, until);
      return { status: 201, body: { token, expires_at: new Date(until).toISOString(), permissions: {} } };
    }
    return withToken(method, path, url.searchParams, body);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'https://localhost');
    const method = request.method ?? '';
    const text = await bodyOf(request);
    const body = text === '' ? {} : (JSON.parse(text) as object);
    const path = url.pathname.replace('/api/v3', '');
    const right = await rightOf(request);
    self.asked.push({ method, path, right, body });
    const instead = self.disturb({ method, path });
    if (instead !== undefined) {
      if (instead.slow !== undefined) await new Promise((done) => setTimeout(done, instead.slow));
      response.writeHead(instead.status, instead.headers).end(instead.body ?? '');
      return;
    }
    const { status, body: said } = answer(method, url, right, body);
    const made = status === 201 ? [...self.registrations.values()].at(-1) : undefined;
    if (made !== undefined && path.endsWith('/generate-jitconfig')) await self.onMade(made);
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
    response.end(said === undefined ? undefined : JSON.stringify(said));
  }

  const server = createServer({ key: pems.private, cert: pems.cert }, (request, response) => {
    serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  const self: FakeGitHub = {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    ca: pems.cert,
    key,
    app: '12345',
    token: `github_pat_${randomBytes(18).toString('hex')}`,
    organization: 'octo',
    registrations: new Map(),
    jobs: new Map(),
    asked: [],
    life: 3600,
    disturb: () => undefined,
    onMade: () => undefined,
    revoke: () => issued.clear(),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return self;
}
