// GitHub's end of the id token: signs nothing, but tells what it was asked.

import { type IncomingMessage, type RequestListener, createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { switchingProtocols } from './gate.ts';

export interface FakeIssuer {
  readonly port: number;
  /** Value of ACTIONS_ID_TOKEN_REQUEST_URL. */
  readonly url: string;
  readonly requests: {
    readonly url: string;
    readonly headers: IncomingMessage['headers'];
    /** The name that TLS was asked for; false or undefined: none. */
    readonly servername: unknown;
  }[];
  answer(before: number): { status: number; body: string; headers?: Record<string, string> } | 'hang' | 'upgrade';
  close(): Promise<void>;
}

export const tokenNumber = (n: number): string => `ZmFrZQ.cGF5bG9hZA.c2ln${n}`;

/** Starts an issuer on loopback; with a key and a certificate it speaks TLS. */
export async function startIssuer(tls?: { key: string; cert: string }): Promise<FakeIssuer> {
  const serve: RequestListener = (request, response) => {
    const answer = issuer.answer(issuer.requests.length);
    issuer.requests.push({
      url: request.url ?? '',
      headers: request.headers,
      servername: (request.socket as TLSSocket).servername,
    });
    if (answer === 'hang') return;
    if (answer === 'upgrade') return void request.socket.write(switchingProtocols);
    const { status, body, headers } = answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };
  const server = tls === undefined ? createServer(serve) : createSecureServer(tls, serve);
  await new Promise<void>((resolve) => (server as Server).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const issuer: FakeIssuer = {
    port,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/idtoken?api-version=2.0`,
    requests: [],
    answer: (before) => ({ status: 200, body: JSON.stringify({ value: tokenNumber(before + 1) }) }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return issuer;
}
