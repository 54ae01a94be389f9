// A gate without a policy: a real HTTP server on a unix socket, or with TLS on loopback, that answers as a test tells it to, and otherwise says
// yes. It reads every body with the protocol's own parsers, so that a hook that says something else fails here too.

import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseProofRequest, parseRehearsalRequest, parseTaskRequest } from '../../src/protocol/request.ts';
import { parseEmpty, parseSessionRequest } from '../../src/protocol/session.ts';

export const session = '5e55'.repeat(8);
export const task = '7a5c'.repeat(8);

export interface GateCall {
  /** `POST challenge`, `GET events`, … */
  readonly name: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** How often this name was called before. */
  readonly before: number;
  /** Counts connections. */
  readonly connection: number;
}

export interface Stream {
  send(...events: object[]): void;
  raw(text: string): void;
  /** Resolves when the hook has gone. */
  readonly gone: Promise<void>;
}

export type Answer =
  | { readonly status?: number; readonly body?: unknown; readonly text?: string }
  /** Cut without a word, never answered, or answered by the switch to a protocol that nobody asked for. */
  | 'reset'
  | 'hang'
  | 'upgrade';

export interface Script {
  answer(call: GateCall): Answer | undefined;
  /** One connection of events; it ends when this resolves. */
  events(stream: Stream, call: GateCall): Promise<void> | void;
}

export interface FakeGate {
  /** Value of AIRLOCK_GATE. */
  readonly setting: string;
  readonly calls: GateCall[];
  /** Names of the calls, in their order. */
  readonly names: () => string[];
  script: Partial<Script>;
  /** Stops listening and cuts every connection; `start` begins again on the same path. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** All that Node's client tells of it is that the connection closed. */
export const switchingProtocols = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n';

const yes: Readonly<Record<string, unknown>> = {
  'POST sessions': { session, identity: 'github', reconnect: 300, silent: 30 },
  'POST challenge': { audience: 'https://airlock.example/c1', expires: 4_000_000_000 },
  'POST rehearsal': { log: 'full' },
  'POST tasks': { task, slot: 1, phase: 'starting' },
  'POST proof': {},
  'POST cancel': {},
  'DELETE session': {},
};
const parsers: Readonly<Record<string, (body: unknown) => unknown>> = {
  'POST sessions': parseSessionRequest,
  'POST challenge': parseEmpty,
  'POST rehearsal': parseRehearsalRequest,
  'POST tasks': parseTaskRequest,
  'POST proof': parseProofRequest,
  'POST cancel': parseEmpty,
};

/** A result event as a cell would write it. */
export function resultOf(n: number, verdict = 'success', more: object = {}): object {
  const outputs = { number: '42', url: 'https://drone.example/r/42', status: verdict, commit: 'a'.repeat(40) };
  return {
    k: 'result',
    n,
    verdict,
    code: verdict === 'success' ? 'ok' : 'build-failed',
    message: verdict === 'success' ? 'the build succeeded' : 'the build failed',
    outputs: { ...outputs, started: '1700000000', finished: '1700000184' },
    ...more,
  };
}

export const refusal = (code: string, more: object = {}): Answer => ({
  status: 403,
  body: { refused: { code, rule: 'a rule', message: `no: ${code}`, fix: 'do otherwise', ...more } },
});

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function nameOf(method: string, path: string): string {
  const [, version, kind, id, what] = path.split('/');
  if (version !== 'v1') return `${method} ${path}`;
  if (kind === 'sessions') return `${method} ${what ?? (id === undefined ? 'sessions' : 'session')}`;
  return kind === 'tasks' ? `${method} ${what ?? 'task'}` : `${method} ${path}`;
}

function streamOf(response: ServerResponse): Stream {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  return {
    send: (...events) => void response.write(events.map((event) => `${JSON.stringify(event)}\n`).join('')),
    raw: (text) => void response.write(text),
    gone: new Promise((resolve) => response.on('close', resolve)),
  };
}

/** Starts a gate in a folder of its own, which is removed by `close`; with a key and a certificate on `localhost`. */
export async function startFakeGate(tls?: { key: string; cert: string }): Promise<FakeGate> {
  const folder = await mkdtemp(join(tmpdir(), 'gate-'));
  const path = join(folder, 's');
  const connections = new Map<Socket, number>();
  let server: Server | undefined;
  let port = 0;

  const gate: FakeGate = {
    get setting() {
      return tls === undefined ? `unix:${path}` : `https://localhost:${port}`;
    },
    calls: [],
    names: () => gate.calls.map(({ name }) => name),
    script: {},
    async stop() {
      const stopping = server;
      server = undefined;
      if (stopping === undefined) return;
      const closed = new Promise((resolve) => stopping.close(resolve));
      stopping.closeAllConnections();
      await closed;
    },
    async start() {
      const listener = (request: IncomingMessage, response: ServerResponse) => void serve(request, response);
      const starting = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
      starting.on('connection', (socket: Socket) => connections.set(socket, connections.size + 1));
      starting.on('secureConnection', (socket: Socket) => connections.set(socket, connections.size + 1));
      await new Promise<void>((resolve) =>
        tls === undefined ? starting.listen(path, resolve) : starting.listen(port, '127.0.0.1', resolve),
      );
      if (tls !== undefined) ({ port } = starting.address() as AddressInfo);
      server = starting;
    },
    async close() {
      await gate.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://gate');
    const name = nameOf(request.method ?? '', url.pathname);
    const body = await bodyOf(request).catch(() => ({}));
    const call: GateCall = {
      name,
      path: url.pathname,
      query: url.searchParams,
      body,
      headers: request.headers,
      before: gate.calls.filter((earlier) => earlier.name === name).length,
      connection: connections.get(request.socket) ?? 0,
    };
    gate.calls.push(call);
    const answer = gate.script.answer?.(call) ?? (name === 'GET events' ? undefined : said(call));
    if (answer === 'hang') return;
    if (answer === 'reset') return void request.socket.destroy();
    if (answer === 'upgrade') return void request.socket.write(switchingProtocols);
    if (answer !== undefined) {
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
      response.end(answer.text ?? JSON.stringify(answer.body));
      return;
    }
    const stream = streamOf(response);
    if (gate.script.events === undefined) stream.send(resultOf(1));
    else await Promise.race([gate.script.events(stream, call), stream.gone]);
    response.end();
  }

  function said({ name, body }: GateCall): Answer {
    try {
      parsers[name]?.(body);
    } catch (error) {
      return { status: 400, body: { refused: { code: 'call-malformed', rule: '', message: String(error), fix: '' } } };
    }
    return Object.hasOwn(yes, name) ? { body: yes[name] } : refusal('call-unknown');
  }

  await gate.start();
  return gate;
}
