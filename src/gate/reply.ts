// A call and its answer, apart from any transport: the same gate stands behind unix sockets and, later, HTTPS.

import { type Failure, type Refusal, errorBody } from '../protocol/index.ts';

/** What a transport hands on. Everything in it is attacker-controlled. */
export interface Call {
  readonly method: string;
  /** As it was sent, never decoded: `%2e` and `//` match nothing. */
  readonly path: string;
  /** Without the question mark; empty: none. */
  readonly query: string;
  readonly body: Uint8Array;
  /** Aborted when the caller has gone away. */
  readonly gone?: AbortSignal | undefined;
}

export interface JsonReply {
  readonly kind: 'json';
  readonly status: number;
  readonly body: object;
}
/**
 * NDJSON. Each item is one or more whole lines; the transport pulls the next one when the last one is written, and
 * aborts the signal as soon as the caller is gone.
 */
export interface StreamReply {
  readonly kind: 'stream';
  readonly lines: (gone: AbortSignal) => AsyncIterable<string>;
}
export type Reply = JsonReply | StreamReply;

export const jsonReply = (body: object, status = 200): JsonReply => ({ kind: 'json', status, body });
export const jsonError = (error: Refusal | Failure): JsonReply => jsonReply(errorBody(error), error.status);
