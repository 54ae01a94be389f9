// An issuer's key server: real HTTPS on loopback with a certificate of its own, which answers what a test says.

import { type IncomingMessage, type ServerResponse, createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { generate } from 'selfsigned';

export interface KeyServer {
  /** `https://localhost:PORT`, which is the issuer. */
  readonly issuer: string;
  /** PEM text of the certificate. */
  readonly ca: string;
  /** What is answered; default: discovery and `keys`. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  keys: readonly object[];
  /** Paths that were asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

export async function startKeyServer(): Promise<KeyServer> {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ],
  });
  const asked: string[] = [];
  const server = createServer({ key: pems.private, cert: pems.cert }, (request, response) => {
    asked.push(request.url ?? '');
    self.answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  const issuer = `https://localhost:${(server.address() as AddressInfo).port}`;
  const self: KeyServer = {
    issuer,
    ca: pems.cert,
    keys: [],
    asked,
    answer(request, response) {
      const discovery = request.url === '/.well-known/openid-configuration';
      const body = discovery ? { issuer, jwks_uri: `${issuer}/.well-known/jwks` } : { keys: self.keys };
      response.end(JSON.stringify(body));
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return self;
}

/** A CONNECT proxy that remembers where it was asked to go. */
export async function startConnectProxy(): Promise<{ url: string; asked: string[]; close(): Promise<void> }> {
  const asked: string[] = [];
  const server = createPlainServer((_request, response) => response.writeHead(403).end());
  server.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
