// One call over https to a service on the internet, GitHub above all: no redirect is followed, nothing large is read,
// nothing takes long. The environment's proxy and CA settings are not looked at; the operator's own settings are.

import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';

export interface HttpsWay {
  /** PEM text that is trusted in place of the built-in authorities. */
  readonly ca?: string | undefined;
  /** `http://host:port`, asked by CONNECT. */
  readonly proxy?: string | undefined;
  /** Milliseconds for everything together. */
  readonly timeout: number;
  readonly maxBytes: number;
}

export interface HttpsCall extends HttpsWay {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  /** Calls it off. */
  readonly signal?: AbortSignal | undefined;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function tunnel(proxy: URL, target: URL, signal: AbortSignal): Promise<Socket> {
  const path = `${target.hostname}:${target.port || 443}`;
  const { hostname, port } = proxy;
  return new Promise((done, fail) => {
    const request = plainRequest({ host: hostname, port: port || 80, method: 'CONNECT', path, agent: false, signal });
    request.once('connect', (response, socket) => {
      if (response.statusCode === 200) return done(socket);
      socket.destroy();
      fail(new Error(`the proxy answered ${response.statusCode}`));
    });
    request.once('response', (response) => fail(new Error(`the proxy answered ${response.statusCode}`)));
    request.once('error', fail).end();
  });
}

async function secured(url: URL, { ca, proxy }: HttpsWay, signal: AbortSignal): Promise<TLSSocket | undefined> {
  if (proxy === undefined) return undefined;
  const socket = await tunnel(new URL(proxy), url, signal);
  const servername = url.hostname.replace(/^\[|\]$/g, '');
  return tlsConnect({ socket, servername, ca });
}

async function textOf(response: IncomingMessage, max: number): Promise<string> {
  if (response.headers['content-encoding'] !== undefined) throw new Error('it answered in an encoding');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > max) throw new Error(`it answered more than ${max} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}

/** @throws an error that says what went wrong, for the operator; an answer of any status is none */
export async function httpsCall(url: URL, options: HttpsCall): Promise<HttpsAnswer> {
  if (url.protocol !== 'https:') throw new Error(`${url.origin} is not https`);
  const { method, headers, body, ca, timeout, maxBytes, signal: given } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const end = (): void => ending.abort();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    end();
  }, timeout);
  given?.addEventListener('abort', end, { once: true });
  if (given?.aborted === true) end();
  let socket: TLSSocket | undefined;
  try {
    socket = await secured(url, options, signal);
    const connection = socket;
    const response = await new Promise<IncomingMessage>((done, fail) => {
      const request = secureRequest(url, {
        method,
        agent: false,
        ca,
        signal,
        headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'airlock', ...headers },
        ...(connection === undefined ? {} : { createConnection: () => connection }),
      });
      request.once('response', done).once('error', fail).end(body);
    });
    try {
      const text = await textOf(response, maxBytes);
      return { status: response.statusCode ?? 0, headers: response.headers, text };
    } finally {
      response.destroy();
    }
  } catch (cause) {
    const reason = late ? `it took longer than ${timeout} ms` : (cause as Error).message;
    throw new Error(`${method} ${url.origin}${url.pathname}: ${reason}`, { cause });
  } finally {
    clearTimeout(timer);
    given?.removeEventListener('abort', end);
    socket?.destroy();
  }
}
