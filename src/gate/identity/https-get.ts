// One GET over https for the issuer's key set: no redirect is followed, nothing large is read, nothing takes long. The
// environment's proxy and CA settings are not looked at; the policy's are (identity.proxy, identity.ca).

import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';

export interface HttpsGetOptions {
  /** PEM text that is trusted in place of the built-in authorities. */
  readonly ca?: string | undefined;
  /** `http://host:port`, asked by CONNECT. */
  readonly proxy?: string | undefined;
  /** Milliseconds for everything together. */
  readonly timeout: number;
  readonly maxBytes: number;
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

async function secured(url: URL, { ca, proxy }: HttpsGetOptions, signal: AbortSignal): Promise<TLSSocket | undefined> {
  if (proxy === undefined) return undefined;
  const socket = await tunnel(new URL(proxy), url, signal);
  const servername = url.hostname.replace(/^\[|\]$/g, '');
  return tlsConnect({ socket, servername, ca });
}

async function textOf(response: IncomingMessage, max: number): Promise<string> {
  if (response.statusCode !== 200) throw new Error(`it answered ${response.statusCode}`);
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

/** @throws an error that says what went wrong, for the operator */
export async function httpsGet(url: URL, options: HttpsGetOptions): Promise<string> {
  if (url.protocol !== 'https:') throw new Error(`${url.origin} is not https`);
  const signal = AbortSignal.timeout(options.timeout);
  const socket = await secured(url, options, signal);
  try {
    const response = await new Promise<IncomingMessage>((done, fail) => {
      const request = secureRequest(url, {
        agent: false,
        ca: options.ca,
        signal,
        headers: { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'airlock' },
        ...(socket === undefined ? {} : { createConnection: () => socket }),
      });
      request.once('response', done).once('error', fail).end();
    });
    try {
      return await textOf(response, options.maxBytes);
    } finally {
      response.destroy();
    }
  } catch (cause) {
    const reason = signal.aborted ? `it took longer than ${options.timeout} ms` : (cause as Error).message;
    throw new Error(`GET ${url.origin}${url.pathname}: ${reason}`, { cause });
  } finally {
    socket?.destroy();
  }
}
