// Attaching to a container of a pod: a WebSocket whose first byte of each message names the stream
// (v5.channel.k8s.io: 0 stdin, 1 stdout, 2 stderr, 3 the end as a Status). Closing it closes nothing in the container.

import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import type { KubernetesAccess } from './access.ts';
import { KubernetesError } from './kubernetes-error.ts';
import { type KubernetesCall, asKubernetesError, connectionOptions, readText, refusedError } from './request.ts';

const protocol = 'v5.channel.k8s.io';
const stdin = 0;
const channels = { 1: 'stdout', 2: 'stderr' } as const;
/** The API server sends pieces of 32 KiB; more in one message would be somebody else's doing. */
const maxMessage = 1_048_576;
/** Bytes that wait for their reader; beyond them nothing more is taken from the connection. */
const maxWaiting = 8_388_608;

export interface Piece {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Buffer;
}

export interface Attached {
  /** As fast as they come, once only; ends when the connection does, which it does 20 ms after the process (measured). */
  readonly pieces: AsyncIterable<Piece>;
  /** Bytes that the server has not taken yet. */
  unsent(): number;
  write(text: string): void;
  /** Resolves when the connection is closed, whoever did it. */
  readonly closed: Promise<void>;
  close(): void;
}

function pieceOf(data: WebSocket.RawData): Piece | null {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
  const channel = bytes[0];
  // On opening the server sends an empty message for every channel that it will use (measured).
  if (bytes.length < 2 || (channel !== 1 && channel !== 2)) return null;
  return { stream: channels[channel], bytes: bytes.subarray(1) };
}

/** Pieces that nobody has taken yet: the reader is the gate, which never waits for anybody. */
function queueOf(socket: WebSocket): AsyncIterable<Piece> {
  const waiting: Piece[] = [];
  let size = 0;
  let wake: (() => void) | null = null;
  let over = false;
  const go = (): void => {
    wake?.();
    wake = null;
  };
  socket.on('message', (data) => {
    const piece = pieceOf(data);
    if (piece === null) return;
    waiting.push(piece);
    size += piece.bytes.length;
    if (size > maxWaiting) socket.pause();
    go();
  });
  socket.on('close', () => {
    over = true;
    go();
  });
  return (async function* take(): AsyncGenerator<Piece, void, void> {
    for (;;) {
      const piece = waiting.shift();
      if (piece !== undefined) {
        size -= piece.bytes.length;
        if (size <= maxWaiting && socket.isPaused) socket.resume();
        yield piece;
      } else if (over) return;
      else
        await new Promise<void>((done) => {
          wake = done;
        });
    }
  })();
}

/** A connection that broke without a word shows as pings that nobody answers; else a cell would be silent for hours. */
function beat(socket: WebSocket, pulse: number): void {
  let heard = true;
  const hear = (): void => {
    heard = true;
  };
  const timer = setInterval(() => {
    // Who does not read cannot hear either.
    if (socket.isPaused) return hear();
    if (!heard) return socket.terminate();
    heard = false;
    socket.ping();
  }, pulse).unref();
  socket
    .on('pong', hear)
    .on('message', hear)
    .once('close', () => clearInterval(timer));
}

export interface AttachTiming {
  /** Milliseconds until the connection must be open. */
  readonly limit: number;
  /** Milliseconds between two pings; a connection that is silent for as long after one has ended. */
  readonly pulse: number;
}

/**
 * @param pod path of the pod, `/api/v1/namespaces/NS/pods/NAME`
 * @throws {KubernetesError} status 500 and plain text: the container does not run yet, or no more (measured)
 */
export async function attach(
  access: KubernetesAccess,
  pod: string,
  container: string,
  { limit, pulse }: AttachTiming,
): Promise<Attached> {
  const query = new URLSearchParams({ container, stdin: 'true', stdout: 'true', stderr: 'true' });
  const call: KubernetesCall = { method: 'GET', path: `${pod}/attach?${query.toString()}`, limit };
  const { headers, ...options } = await connectionOptions(access);
  const socket = new WebSocket(`${access.server.replace(/^http/, 'ws')}${call.path}`, protocol, {
    ...options,
    headers: { ...headers },
    followRedirects: false,
    handshakeTimeout: limit,
    maxPayload: maxMessage,
    perMessageDeflate: false,
  });
  // From the first moment on: what comes with the answer's head must not be missed.
  const pieces = queueOf(socket);
  const closed = new Promise<void>((done) => void socket.once('close', () => done()));
  try {
    await new Promise<void>((done, fail) => {
      socket.once('open', done);
      socket.once('unexpected-response', (sent, answer: IncomingMessage) => {
        readText(answer, call)
          .then((text) => fail(refusedError(answer, text, call)))
          .catch(fail)
          .finally(() => sent.destroy());
      });
      socket.on('error', fail);
      socket.once('close', () => fail(new Error('the connection was closed')));
    });
    if (socket.protocol !== protocol)
      throw new KubernetesError({ trouble: 'malformed', call: call.path, detail: 'it speaks no v5.channel.k8s.io' });
  } catch (error) {
    socket.terminate();
    const late = error instanceof Error && error.message === 'Opening handshake has timed out';
    throw asKubernetesError(error, call, late);
  }
  beat(socket, pulse);
  return {
    pieces,
    closed,
    unsent: () => socket.bufferedAmount,
    write(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(Buffer.concat([Buffer.from([stdin]), Buffer.from(text)]));
    },
    close: () => socket.terminate(),
  };
}
