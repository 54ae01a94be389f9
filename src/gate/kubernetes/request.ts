// One call to the API server: HTTPS on a connection of its own, so that no call meets a server that was restarted since
// the last one, nor an authority that was rotated. Size and time of an answer are bounded; redirects are errors.

import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request as httpsRequest } from 'node:https';
import { type KubernetesAccess, credentialsOf } from './access.ts';
import { KubernetesError, type KubernetesErrorDetails, statusIn, troubleOf } from './kubernetes-error.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface KubernetesCall {
  readonly method: Method;
  /** With its query. Built from constants, ids and settings only. */
  readonly path: string;
  readonly body?: object | undefined;
  /** Milliseconds until the whole answer must be there. */
  readonly limit: number;
}

export interface KubernetesAnswer {
  readonly status: number;
  /** Parsed JSON. */
  readonly body: unknown;
}

/** A list of 500 pods, each with the managed script in it, is about 60 MB; pages are smaller (`pageSize`). */
const maxAnswerBytes = 33_554_432;
/** A `Retry-After` beyond it is not believed. */
const maxRetryAfter = 60_000;

export const nameOf = ({ method, path }: Pick<KubernetesCall, 'method' | 'path'>): string => `${method} ${path}`;

/** Options of a connection as the gate; also for an attach. @throws {KubernetesError} `no-credentials` */
export async function connectionOptions(
  access: KubernetesAccess,
): Promise<Omit<RequestOptions, 'headers'> & { readonly headers: Readonly<Record<string, string>> }> {
  const { token, ca } = await credentialsOf(access);
  const headers = { authorization: `Bearer ${token}`, 'user-agent': 'airlock-gate' };
  return { ca, headers, agent: false, rejectUnauthorized: true, minVersion: 'TLSv1.2' };
}

/** Turns whatever happened to a call into a KubernetesError; `stalled` wins, since ending the call looks like a break. */
export function asKubernetesError(error: unknown, call: KubernetesCall, late: boolean): KubernetesError {
  if (error instanceof KubernetesError) return error;
  const cause = error as NodeJS.ErrnoException;
  const details: KubernetesErrorDetails = late
    ? { trouble: 'stalled', call: nameOf(call), detail: `no whole answer after ${Math.ceil(call.limit) / 1000} s` }
    : { trouble: troubleOf(cause), call: nameOf(call), detail: cause.message };
  return new KubernetesError(details, { cause });
}

function retryAfterOf(answer: IncomingMessage): number | undefined {
  const seconds = Number(answer.headers['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, maxRetryAfter) : undefined;
}

export async function readText(answer: IncomingMessage, call: KubernetesCall): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxAnswerBytes) {
      const detail = `the answer is larger than ${maxAnswerBytes} bytes`;
      throw new KubernetesError({ trouble: 'malformed', call: nameOf(call), detail });
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

export function refusedError(answer: IncomingMessage, text: string, call: KubernetesCall): KubernetesError {
  const { message, reason } = statusIn(text);
  const status = answer.statusCode ?? 0;
  const retryAfter = retryAfterOf(answer);
  return new KubernetesError({ trouble: 'refused', call: nameOf(call), detail: message, status, reason, retryAfter });
}

function parsed(text: string, call: KubernetesCall): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    // Never the text itself: the answer to a TokenReview repeats the token (measured).
    const detail = `its answer of ${text.length} characters is no JSON`;
    throw new KubernetesError({ trouble: 'malformed', call: nameOf(call), detail }, { cause: (cause as Error).name });
  }
}

/** @returns the answer's head, with its body unread. @throws whatever the connection does */
export async function send(
  access: KubernetesAccess,
  call: KubernetesCall,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { headers, ...options } = await connectionOptions(access);
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  // Node gives a DELETE no length by itself: its body would be taken for the next request.
  const length = String(Buffer.byteLength(body ?? ''));
  const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': length };
  return new Promise((done, fail) => {
    const sent = httpsRequest(`${access.server}${call.path}`, {
      ...options,
      method: call.method,
      headers: { accept: 'application/json', ...headers, ...type },
      signal,
    });
    sent.once('response', done);
    // Nothing here asks for another protocol.
    sent.once('upgrade', (_answer, socket) => socket.destroy());
    // Each of them, also one that comes after the answer: without a listener it would end the gate.
    sent.on('error', fail);
    sent.once('close', () => fail(new Error('the connection was closed')));
    sent.end(body);
  });
}

/** @throws {KubernetesError} whatever goes wrong, an answer of 300 and above included */
export async function request(access: KubernetesAccess, call: KubernetesCall): Promise<KubernetesAnswer> {
  // Only whole milliseconds are taken.
  const signal = AbortSignal.timeout(Math.ceil(call.limit));
  try {
    const answer = await send(access, call, signal);
    try {
      const text = await readText(answer, call);
      const status = answer.statusCode ?? 0;
      if (status < 200 || status >= 300) throw refusedError(answer, text, call);
      return { status, body: parsed(text, call) };
    } finally {
      answer.destroy();
    }
  } catch (error) {
    throw asKubernetesError(error, call, signal.aborted);
  }
}
