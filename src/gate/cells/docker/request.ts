// One call to the engine: HTTP over its unix socket, a new connection each time, so that an engine that was restarted
// is never met on a connection of its predecessor. Both the answer's size and the time for it are bounded.

import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { EngineError, type EngineErrorDetails, troubleOf } from './engine-error.ts';

export interface EngineCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With the version and the query. Built from constants, ids and settings only. */
  readonly path: string;
  readonly body?: object | undefined;
  /** Milliseconds until the whole answer must be there. */
  readonly limit: number;
}

export interface EngineAnswer {
  readonly status: number;
  /** Parsed JSON; null: an empty body. */
  readonly body: unknown;
}

/** An inspected container holds the managed script twice; a list of 1,000 cells is far below this. */
const maxAnswerBytes = 8_388_608;
const maxErrorText = 2_000;

export const nameOf = ({ method, path }: Pick<EngineCall, 'method' | 'path'>): string => `${method} ${path}`;

export function open(socket: string, call: EngineCall, headers: Record<string, string> = {}): ClientRequest {
  const type = call.body === undefined ? {} : { 'content-type': 'application/json' };
  const { method, path } = call;
  // Docker's clients send a host without a meaning; the engine demands that there is one.
  return httpRequest({
    socketPath: socket,
    method,
    path,
    agent: false,
    headers: { host: 'docker', ...type, ...headers },
  });
}

/** The engine's own words in an error answer: `{"message":"…"}`. */
export function messageIn(text: string): string {
  try {
    const parsed = JSON.parse(text) as unknown;
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed && typeof parsed.message === 'string')
      return parsed.message.slice(0, maxErrorText);
  } catch {
    // Whatever it is, the operator sees its beginning.
  }
  return text.trim().slice(0, maxErrorText);
}

export function readText(answer: IncomingMessage, call: EngineCall): Promise<string> {
  const tooLarge = (): EngineError => {
    const detail = `the answer is larger than ${maxAnswerBytes} bytes`;
    return new EngineError({ trouble: 'malformed', call: nameOf(call), detail });
  };
  return new Promise((done, fail) => {
    const parts: Buffer[] = [];
    let size = 0;
    answer.on('data', (part: Buffer) => {
      size += part.length;
      parts.push(part);
      if (size > maxAnswerBytes) answer.destroy(tooLarge());
    });
    answer.on('end', () => done(Buffer.concat(parts).toString('utf8')));
    answer.on('error', fail);
    answer.on('close', () => fail(new Error('the connection was closed')));
  });
}

/** Turns whatever happened to a call into an EngineError; `stalled` wins, since ending the call looks like a break. */
export function asEngineError(error: unknown, call: EngineCall, late: boolean): EngineError {
  if (error instanceof EngineError) return error;
  const cause = error as NodeJS.ErrnoException;
  const details: EngineErrorDetails = late
    ? { trouble: 'stalled', call: nameOf(call), detail: `no whole answer after ${call.limit / 1000} s` }
    : { trouble: troubleOf(cause), call: nameOf(call), detail: cause.message };
  return new EngineError(details, { cause });
}

function parsed(text: string, call: EngineCall): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new EngineError({ trouble: 'malformed', call: nameOf(call), detail: text.slice(0, maxErrorText) }, { cause });
  }
}

/** @throws {EngineError} whatever goes wrong, an answer of 300 and above included */
export async function request(socket: string, call: EngineCall): Promise<EngineAnswer> {
  const sent = open(socket, call);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    sent.destroy();
  }, call.limit);
  try {
    const answer = await new Promise<IncomingMessage>((done, fail) => {
      sent.on('response', done);
      // Nothing here asks for another protocol: an engine that changes it is none.
      sent.on('upgrade', (_answer, stream) => {
        stream.destroy();
        fail(new EngineError({ trouble: 'malformed', call: nameOf(call), detail: 'it changed the protocol' }));
      });
      sent.on('error', fail);
      sent.on('close', () => fail(new Error('the connection was closed')));
      sent.end(call.body === undefined ? undefined : JSON.stringify(call.body));
    });
    const text = await readText(answer, call);
    const status = answer.statusCode ?? 0;
    if (status < 200 || status >= 300)
      throw new EngineError({ trouble: 'refused', call: nameOf(call), detail: messageIn(text), status });
    return { status, body: parsed(text, call) };
  } catch (error) {
    throw asEngineError(error, call, late);
  } finally {
    clearTimeout(timer);
    sent.destroy();
  }
}
