// The one HTTP server of the gate, whatever it listens on. It knows no path: what is well formed goes to `answer`.

import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { Failure, Refusal, errorBody } from '../../protocol/index.ts';
import type { Caller } from '../identity/pod.ts';
import type { Logger } from '../log.ts';
import { type Call, type Reply, jsonError } from '../reply.ts';
import type { ServerLimits } from './limits.ts';
import { malformed, readCall } from './read.ts';
import { writeReply } from './write.ts';

/** What the parser's errors are on the wire; everything else is 400. */
const statusOf = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

/** An answer where Node has no response object: a request that could not be parsed, an upgrade, CONNECT. */
function turnAway(socket: Duplex, status: string, why: string, stall: number): void {
  const unread = setTimeout(() => socket.destroy(), stall);
  socket.once('close', () => clearTimeout(unread));
  const body = JSON.stringify(errorBody(malformed(why, 'send plain HTTP/1.1 requests, one after the other')));
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`, () => socket.destroy());
}

export interface Certificate {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
}

/**
 * @param answer never rejects
 * @param certificate absent: plain HTTP
 */
export function createHttpServer(
  answer: (call: Call, caller: Caller) => Promise<Reply>,
  limits: ServerLimits,
  log: Logger,
  certificate?: Certificate,
): Server {
  // Pipelined requests would wait in memory behind a stream of 25 s, so a connection has one call at a time.
  const busy = new WeakSet<Duplex>();

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    if (busy.has(socket)) {
      socket.destroy();
      return;
    }
    busy.add(socket);
    try {
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      const caller = { address: socket.remoteAddress ?? '', authorization: request.headers.authorization };
      const call = await readCall(request, limits.bodyBytes);
      await writeReply(response, await answer({ ...call, gone: gone.signal }, caller), limits.stall);
    } catch (error) {
      if (error instanceof Refusal) await writeReply(response, jsonError(error), limits.stall, true);
      else response.destroy();
      if (!(error instanceof Refusal) && !request.destroyed) log.error({ err: error }, 'a call could not be answered');
    } finally {
      busy.delete(socket);
    }
  }

  const settings = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headers,
    requestTimeout: limits.request,
    keepAliveTimeout: limits.keepAlive,
    connectionsCheckingInterval: limits.check,
    insecureHTTPParser: false,
    requireHostHeader: true,
    noDelay: true,
  };
  const server =
    certificate === undefined
      ? createServer(settings)
      : createSecureServer({ ...settings, ...certificate, minVersion: 'TLSv1.2', handshakeTimeout: limits.headers });
  server.maxConnections = limits.connections;
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => void serve(request, response);
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  server.on('checkExpectation', onRequest);
  const refuse = (socket: Duplex, status: string, why: string): void => {
    // Node has taken its own listener off the socket of an upgrade: EPIPE of a caller that has gone would end the gate.
    socket.on('error', () => undefined);
    // Behind a call that is still being answered, bytes must not end up inside its answer.
    if (!socket.writable || busy.has(socket)) socket.destroy();
    else turnAway(socket, status, why, limits.stall);
  };
  server.on('upgrade', (_request, socket) => refuse(socket, '400 Bad Request', 'the call asks for another protocol'));
  server.on('connect', (_request, socket) => refuse(socket, '400 Bad Request', 'CONNECT is not a call of the gate'));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET') socket.destroy();
    else refuse(socket, statusOf.get(error.code ?? '') ?? '400 Bad Request', 'the call is not valid HTTP/1.1');
  });
  return server;
}

/** Stops listening; open calls may end within `limits.close`, then they are cut. */
export async function closeServer(server: Server, limits: ServerLimits): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), limits.close);
  await closed;
  clearTimeout(timer);
}

export function listenFailure(where: string, error: NodeJS.ErrnoException): Failure {
  return new Failure('gate-failed', `cannot listen on ${where}: ${error.code ?? error.message}`, { cause: error });
}
