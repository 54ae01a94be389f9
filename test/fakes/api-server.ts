import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { certificate } from '../hook/support/certificate.ts';

// An API server of Kubernetes as far as the gate uses one: objects under their paths, changed by compare-and-swap, listed
// by pages, watched from a version on. What a real one does in trouble is played call by call (`play`).

// oxlint-disable-next-line typescript/no-explicit-any -- objects of any kind
type Loose = any;

/** In place of an answer: an error, a connection that ends, no answer at all, or `then` after the call was carried out. */
export type Played =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown }
  | 'cut'
  | 'hang'
  | 'carried out and cut';

export interface FakeApi {
  readonly server: string;
  readonly ca: string;
  /** Method and path of each call. */
  readonly calls: string[];
  /** Values of the header `authorization`, in the order of the calls. */
  readonly bearers: string[];
  readonly bodies: Loose[];
  /** For the next calls whose method and path contain the text, one each. */
  play(what: string, ...played: Played[]): void;
  /** Forgets what was to be played. */
  calm(): void;
  /** As an administrator would, past every rule. */
  put(path: string, object: Loose): void;
  get(path: string): Loose;
  remove(path: string): void;
  paths(): string[];
  /** Watches from an earlier version on are answered 410. */
  forget(): void;
  /** Ends all open watches: `cut` without an end. */
  endWatches(how: 'end' | 'cut'): void;
  /** How a TokenReview is answered: its `status`. */
  review: (token: string, audiences: readonly string[]) => Loose;
  /** Nobody answers any more, and everybody is cut off; `start` again at the same address. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

const statusBody = (code: number, reason: string, message: string) => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason,
  code,
});

const collectionOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

function selected(object: Loose, selector: string): boolean {
  const labels = object.metadata.labels ?? {};
  return (
    selector === '' || selector.split(',').every((pair) => labels[pair.split('=')[0] ?? ''] === pair.split('=')[1])
  );
}

/** Making one takes as long as a whole test. */
let madePair: ReturnType<typeof certificate> | undefined;

export async function startFakeApi(): Promise<FakeApi> {
  madePair ??= certificate('localhost');
  const pair = await madePair;
  const objects = new Map<string, Loose>();
  const events: { version: number; type: string; path: string; object: Loose }[] = [];
  const watches = new Set<{ response: ServerResponse; tell: () => void }>();
  const plays: { what: string; played: Played }[] = [];
  const sockets = new Set<Socket>();
  let version = 100;
  let forgotten = 0;
  let port = 0;
  let server: Server | null = null;

  function note(type: string, path: string, object: Loose): void {
    events.push({ version, type, path, object: structuredClone(object) });
    for (const { tell } of watches) tell();
  }

  function store(path: string, object: Loose): Loose {
    const before = objects.get(path);
    version++;
    const metadata = {
      ...object.metadata,
      uid: before?.metadata.uid ?? randomUUID(),
      resourceVersion: String(version),
    };
    const kept = { ...structuredClone(object), metadata: { ...metadata, name: path.slice(path.lastIndexOf('/') + 1) } };
    objects.set(path, kept);
    note(before === undefined ? 'ADDED' : 'MODIFIED', path, kept);
    return kept;
  }

  function drop(path: string): void {
    const object = objects.get(path);
    objects.delete(path);
    version++;
    if (object !== undefined)
      note('DELETED', path, { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } });
  }

  function write(response: ServerResponse, status: number, body: unknown, headers = {}): void {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  function watchFrom(response: ServerResponse, collection: string, query: URLSearchParams): void {
    let from = Number(query.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json' });
    if (from < forgotten) {
      response.end(
        `${JSON.stringify({ type: 'ERROR', object: statusBody(410, 'Expired', 'too old resource version') })}\n`,
      );
      return;
    }
    response.flushHeaders();
    const tell = (): void => {
      for (const event of events) {
        if (response.writableEnded || event.version <= from || collectionOf(event.path) !== collection) continue;
        from = event.version;
        if (selected(event.object, query.get('labelSelector') ?? ''))
          response.write(`${JSON.stringify({ type: event.type, object: event.object })}\n`);
      }
    };
    const one = { response, tell };
    watches.add(one);
    const timer = setTimeout(() => response.end(), Number(query.get('timeoutSeconds')) * 1_000);
    response.once('close', () => {
      clearTimeout(timer);
      watches.delete(one);
    });
    tell();
  }

  function list(response: ServerResponse, collection: string, query: URLSearchParams): void {
    if (query.get('watch') === 'true') return watchFrom(response, collection, query);
    const all = [...objects].filter(([path]) => collectionOf(path) === collection).map(([, object]) => object);
    const items = all.filter((object) => selected(object, query.get('labelSelector') ?? ''));
    const [from, limit] = [Number(query.get('continue') ?? 0), Number(query.get('limit') ?? 1e9)];
    const next = from + limit < items.length ? String(from + limit) : undefined;
    const metadata = { resourceVersion: String(version), continue: next };
    write(response, 200, { kind: 'List', metadata, items: items.slice(from, from + limit) });
  }

  function change(response: ServerResponse, method: string, path: string, body: Loose): void {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const before = objects.get(path);
    if (before === undefined) return write(response, 404, statusBody(404, 'NotFound', `"${name}" not found`));
    const wanted = method === 'PUT' ? body.metadata.resourceVersion : body?.preconditions?.resourceVersion;
    if (wanted !== undefined && wanted !== before.metadata.resourceVersion)
      return write(response, 409, statusBody(409, 'Conflict', 'the object has been modified'));
    if (method === 'GET') return write(response, 200, before);
    if (method === 'PUT') return write(response, 200, store(path, body));
    drop(path);
    return write(response, 200, { kind: 'Status', status: 'Success' });
  }

  function carryOut(response: ServerResponse, method: string, url: string, body: Loose): void {
    const { pathname, searchParams } = new URL(url, 'https://localhost');
    if (pathname.endsWith('/tokenreviews'))
      return write(response, 201, { ...body, status: api.review(body.spec.token, body.spec.audiences) });
    const isCollection = /\/(?:pods|configmaps|leases|podtemplates|ephemeralrunners)$/.test(pathname);
    if (method === 'POST') {
      const path = `${pathname}/${body.metadata.name}`;
      if (searchParams.has('dryRun')) return write(response, 201, body);
      if (objects.has(path))
        return write(response, 409, statusBody(409, 'AlreadyExists', `"${body.metadata.name}" already exists`));
      return write(response, 201, store(path, body));
    }
    return isCollection ? list(response, pathname, searchParams) : change(response, method, pathname, body);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += String(part);
    const body: Loose = text === '' ? undefined : JSON.parse(text);
    api.calls.push(`${method} ${url}`);
    api.bearers.push(request.headers.authorization ?? '');
    api.bodies.push(body);
    const at = plays.findIndex(({ what }) => `${method} ${url}`.includes(what));
    const played = at === -1 ? undefined : plays.splice(at, 1)[0]?.played;
    if (played === 'hang') return;
    if (played === 'cut') return void request.socket.destroy();
    if (typeof played === 'object')
      return write(response, played.status, played.body ?? statusBody(played.status, '', 'played'), played.headers);
    if (played === 'carried out and cut') {
      const nowhere = { writeHead: () => undefined, end: () => undefined } as unknown as ServerResponse;
      carryOut(nowhere, method, url, body);
      return void request.socket.destroy();
    }
    carryOut(response, method, url, body);
  }

  const api: FakeApi = {
    get server() {
      return `https://localhost:${port}`;
    },
    ca: pair.cert,
    calls: [],
    bearers: [],
    bodies: [],
    play: (what, ...played) => void plays.push(...played.map((one) => ({ what, played: one }))),
    calm: () => void plays.splice(0),
    put: (path, object) => void store(path, object),
    get: (path) => objects.get(path),
    remove: drop,
    paths: () => [...objects.keys()],
    forget() {
      forgotten = version + 1;
      version += 2;
    },
    endWatches(how) {
      for (const { response } of watches)
        if (how === 'end') response.end();
        else response.socket?.destroy();
    },
    review: () => ({ authenticated: false }),
    async stop() {
      const stopping = server;
      server = null;
      if (stopping === null) return;
      const closed = new Promise((done) => stopping.close(done));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async start() {
      const starting = createServer(pair, (request, response) => {
        serve(request, response).catch(() => request.socket.destroy());
      });
      server = starting;
      starting.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
      });
      await new Promise<void>((done) => starting.listen(port, 'localhost', done));
      ({ port } = starting.address() as AddressInfo);
    },
  };
  await api.start();
  return api;
}
