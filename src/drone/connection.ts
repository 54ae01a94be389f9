// One Drone server as this client sees it. Every call is a connection of its own, has a size and a time limit, follows
// no redirect, and takes nothing but JSON for an answer: Drone's web page comes with 200 for any method (recording 03).

import { type IncomingMessage, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { quote as quoteText } from '../protocol/index.ts';
import { type Route, dial } from './dial.ts';
import { parseServer } from './server.ts';
import { Unanswered, notDrone, redirected, timedOut, unreachable, unreadable } from './unanswered.ts';
import { unless } from './wait.ts';

export interface DroneOptions {
  /** `https://drone.internal`; a trailing slash is tolerated, a path is refused. */
  readonly server: string;
  readonly address?: string | undefined;
  /** PEM text; replaces the built-in authorities. */
  readonly ca?: string | undefined;
  /** `http://host:port` of a CONNECT proxy. */
  readonly proxy?: string | undefined;
  /** Secret. */
  readonly token: string;
  /** Drone writes it into its log (API.md, X-Request-ID). */
  readonly requestId?: string | undefined;
  /** Applied to everything foreign before it is quoted or cut for a message: afterwards a literal could not be found. */
  readonly redact?: ((text: string) => string) | undefined;
  /** Whether messages may repeat Drone's own error texts; default true. */
  readonly details?: boolean | undefined;
}

export interface CallOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** Milliseconds from the first packet to the last byte of the answer; for `open` to its headers. */
  readonly limit: number;
  /** Gives the call up; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  /** Parsed JSON; undefined for 204. */
  readonly body: unknown;
  /** Drone's own word on an error (`{"message": …}`); empty when it has none. Foreign text. */
  readonly message: string;
}

export interface Connection {
  /** Origin, for messages. */
  readonly server: string;
  /** Whether messages may repeat Drone's own error texts. */
  readonly details: boolean;
  /** Foreign text for a message: redacted, then quoted, then cut at `max` characters. */
  readonly quote: (text: string, max?: number) => string;
  /** A status with Drone's own word on it, as far as that may be told: `404 "Not Found"`. */
  readonly said: (answer: Answer) => string;
  /** @throws {Unanswered} */
  call(path: string, options: CallOptions): Promise<Answer>;
  /** The response as it begins, for streams and stored logs; the caller ends it by `destroy`. @throws {Unanswered} */
  open(path: string, accept: string, options: CallOptions): Promise<IncomingMessage>;
}

const maxBody = 16_777_216;

/** `signal` and a time limit in one; `late()` tells which of the two it was. */
function deadline(ms: number, outer?: AbortSignal): { signal: AbortSignal; late(): boolean; done(): void } {
  const own = new AbortController();
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    own.abort(new Error('time limit'));
  }, ms);
  const stop = (): void => own.abort(outer?.reason);
  if (outer?.aborted) stop();
  outer?.addEventListener('abort', stop, { once: true });
  return {
    signal: own.signal,
    late: () => expired,
    done: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', stop);
    },
  };
}

function exchange(
  socket: Socket,
  options: { method: string; path: string; headers: Record<string, string> },
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request = httpRequest({ ...options, createConnection: () => socket, setHost: false });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
    // The end without an answer and without an error: what switches protocols (101), although nobody asked it to.
    request.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  });
  request.end();
  return unless(signal, response, () => request.destroy());
}

async function read(response: IncomingMessage, server: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBody) throw unreadable(server, `it is larger than ${maxBody} bytes`);
      chunks.push(chunk);
    }
  } finally {
    response.destroy();
  }
  return Buffer.concat(chunks).toString('utf8');
}

const bodyOf = (response: IncomingMessage, server: string, signal: AbortSignal): Promise<string> =>
  unless(signal, read(response, server), () => response.destroy());

/** `application/json`, with or without parameters. */
export const isJson = (response: IncomingMessage): boolean =>
  /^application\/json\s*(?:;|$)/i.test(response.headers['content-type'] ?? '');

const messageOf = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string'
    ? body.message
    : '';

function answerOf(response: IncomingMessage, text: string, server: string): Answer {
  const status = response.statusCode ?? 0;
  if (status === 204) return { status, body: undefined, message: '' };
  if (!isJson(response)) throw notDrone(server, status, text);
  try {
    const body: unknown = JSON.parse(text);
    return { status, body, message: status === 200 ? '' : messageOf(body) };
  } catch (error) {
    throw unreadable(server, 'it is not JSON', error);
  }
}

/** @throws {Refusal} `drone-url-not-accepted` */
export function connectDrone(options: DroneOptions): Connection {
  const { redact = (text: string) => text, details = true } = options;
  const parsed = parseServer(options.server);
  // Its origin is for messages only.
  const server = { ...parsed, origin: redact(parsed.origin) };
  const proxy = options.proxy === undefined ? undefined : parseServer(options.proxy, "the proxy's URL");
  const quote: Connection['quote'] = (text, max) => quoteText(redact(text), max);
  const route: Route = {
    server,
    address: options.address,
    ca: options.ca,
    proxy: proxy && { ...proxy, origin: redact(proxy.origin) },
  };

  function headersOf(method: string, accept: string): Record<string, string> {
    const headers: Record<string, string> = {
      Host: server.authority,
      Authorization: `Bearer ${options.token}`,
      Accept: accept,
      'User-Agent': 'airlock',
      Connection: 'close',
    };
    if (options.requestId !== undefined) headers['X-Request-ID'] = options.requestId;
    if (method === 'POST') headers['Content-Length'] = '0';
    return headers;
  }

  async function attempt<T>(
    path: string,
    accept: string,
    { method = 'GET', limit, signal: outer }: CallOptions,
    use: (response: IncomingMessage, signal: AbortSignal) => Promise<T> | T,
  ): Promise<T> {
    const watch = deadline(limit, outer);
    let socket: Socket | undefined;
    try {
      socket = await dial(route, watch.signal);
      const response = await exchange(socket, { method, path, headers: headersOf(method, accept) }, watch.signal);
      const status = response.statusCode ?? 0;
      if (status >= 300 && status <= 399) throw redirected(server.origin, redact(response.headers.location ?? ''));
      return await use(response, watch.signal);
    } catch (error) {
      socket?.destroy();
      if (error instanceof Unanswered) throw error;
      // From the first written byte on, only Drone knows what became of the request.
      const reached = socket === undefined ? 'never' : 'maybe';
      if (watch.late()) throw timedOut(server.origin, limit, reached);
      if (outer?.aborted) throw outer.reason;
      throw unreachable(server.origin, error, reached);
    } finally {
      watch.done();
    }
  }

  return {
    server: server.origin,
    details,
    quote,
    said: ({ status, message }) => (details && message !== '' ? `${status} ${quote(message, 200)}` : String(status)),
    call: (path, callOptions) =>
      attempt(path, 'application/json', callOptions, async (response, signal) =>
        answerOf(response, await bodyOf(response, server.origin, signal), server.origin),
      ),
    open: (path, accept, callOptions) => attempt(path, accept, callOptions, (response) => response),
  };
}
