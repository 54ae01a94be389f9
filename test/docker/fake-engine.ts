import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// An engine that answers as the recorded one did, until a test says otherwise: for what a real engine does not do on
// demand. A real HTTP server on a unix socket.

interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
}

const file = new URL('../fixtures/docker/engine-20.10.24.json', import.meta.url);
export const recorded = (JSON.parse(readFileSync(file, 'utf8')) as { exchanges: Record<string, Exchange> }).exchanges;

/** The image and the network of the recording. */
export const recordedImage = (recorded['image']!.body as { Id: string }).Id;
export const recordedNetwork = 'cells';

/**
 * What a call gets: a recorded situation by name, `silent`, `cut` (the connection), an answer, a text of which `length`
 * was announced, or bytes that are no HTTP.
 */
export type Conduct =
  | string
  | { readonly status: number; readonly body: unknown }
  | { readonly text: string; readonly length?: number }
  | { readonly raw: string };

export type Operation =
  | 'version'
  | 'info'
  | 'image'
  | 'network'
  | 'create'
  | 'inspect'
  | 'attach'
  | 'start'
  | 'remove'
  | 'list';

const usual: Readonly<Record<Exclude<Operation, 'attach'>, string>> = {
  version: 'version',
  info: 'info',
  image: 'image',
  network: 'network',
  create: 'create',
  inspect: 'container-running',
  start: 'start',
  remove: 'remove',
  list: 'list',
};

const paths: readonly (readonly [Operation, string, RegExp])[] = [
  ['version', 'GET', /^\/version$/],
  ['info', 'GET', /^\/v1\.\d+\/info$/],
  ['image', 'GET', /^\/v1\.\d+\/images\/.+\/json$/],
  ['network', 'GET', /^\/v1\.\d+\/networks\/[^/]+$/],
  ['create', 'POST', /^\/v1\.\d+\/containers\/create\?name=airlock-cell-[0-9a-f]{32}$/],
  ['inspect', 'GET', /^\/v1\.\d+\/containers\/airlock-cell-[0-9a-f]{32}\/json$/],
  ['attach', 'POST', /^\/v1\.\d+\/containers\/airlock-cell-[0-9a-f]{32}\/attach\?stream=1&stdin=1&stdout=1&stderr=1$/],
  ['start', 'POST', /^\/v1\.\d+\/containers\/airlock-cell-[0-9a-f]{32}\/start$/],
  ['remove', 'DELETE', /^\/v1\.\d+\/containers\/airlock-cell-[0-9a-f]{32}\?force=1&v=1$/],
  ['list', 'GET', /^\/v1\.\d+\/containers\/json\?all=1&filters=.+$/],
];

export interface FakeEngine {
  readonly socket: string;
  /** Method and path of every call, in order. */
  readonly calls: readonly string[];
  /** The bodies of all `create` calls. */
  readonly created: readonly unknown[];
  /** Changes what one operation gets, from now on; `null`: as recorded again. Of several the last one stays. */
  on(operation: Operation, ...conducts: readonly (Conduct | null)[]): void;
  /** The engine's side of the last attached connection. */
  stream(): Duplex;
  stop(): Promise<void>;
}

function answer(conduct: Conduct, response: ServerResponse): void {
  if (conduct === 'silent') return;
  if (conduct === 'cut') {
    response.destroy();
    return;
  }
  if (typeof conduct === 'object' && 'raw' in conduct) {
    response.socket?.end(conduct.raw);
    return;
  }
  if (typeof conduct === 'object' && 'text' in conduct) {
    const length = conduct.length ?? Buffer.byteLength(conduct.text);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': length }).write(conduct.text);
    if (length === Buffer.byteLength(conduct.text)) response.end();
    return;
  }
  const { status, body } = typeof conduct === 'string' ? recorded[conduct]! : conduct;
  response.writeHead(status, { 'content-type': 'application/json' }).end(body === null ? '' : JSON.stringify(body));
}

export async function fakeEngine(): Promise<FakeEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-fake-engine-'));
  const socket = join(folder, 'docker.sock');
  const conducts = new Map<Operation, (Conduct | null)[]>();
  const calls: string[] = [];
  const created: unknown[] = [];
  const open = new Set<Duplex>();
  let stream: Duplex | null = null;

  function operationOf(call: IncomingMessage): Operation | null {
    calls.push(`${call.method} ${call.url}`);
    return paths.find(([, method, path]) => method === call.method && path.test(call.url ?? ''))?.[0] ?? null;
  }

  function next(operation: Operation): Conduct | null {
    const several = conducts.get(operation) ?? [];
    return (several.length > 1 ? several.shift() : several[0]) ?? null;
  }

  const server = createServer((call, response) => {
    const operation = operationOf(call);
    let text = '';
    call.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    call.on('end', () => {
      if (operation === 'create') created.push(JSON.parse(text));
      if (operation === null || operation === 'attach')
        answer({ status: 404, body: { message: 'page not found' } }, response);
      else answer(next(operation) ?? usual[operation], response);
    });
  });
  server.on('upgrade', (call: IncomingMessage, connection: Duplex) => {
    const operation = operationOf(call);
    const conduct = operation === 'attach' ? next('attach') : { status: 404, body: null };
    open.add(connection);
    connection.on('error', () => undefined).on('close', () => open.delete(connection));
    if (conduct === 'silent') return;
    if (conduct === 'cut') connection.destroy();
    else if (typeof conduct === 'object' && conduct !== null && 'status' in conduct) {
      const body = JSON.stringify(conduct.body);
      connection.end(`HTTP/1.1 ${conduct.status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    } else {
      stream = connection;
      connection.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    }
  });
  server.on('connection', (connection) => {
    open.add(connection);
    connection.on('error', () => undefined).on('close', () => open.delete(connection));
  });
  await new Promise<void>((done) => server.listen(socket, done));

  return {
    socket,
    calls,
    created,
    on(operation, ...several) {
      conducts.set(operation, [...several]);
    },
    stream() {
      if (stream === null) throw new Error('nobody has attached');
      return stream;
    },
    async stop() {
      for (const connection of open) connection.destroy();
      await new Promise((done) => server.close(done));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
