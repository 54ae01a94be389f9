// The two redirects that a client must not follow (recordings 66 and 67): a proxy's 301, which turns POST into GET and so a trigger
// into the list of builds, and Drone's own 307 from port 80, which forgets the query and so builds something else.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Redirect {
  as: 301 | 307;
  /** Origin that is redirected to, e.g. `https://drone.example`; empty: the same server. */
  to: string;
}

export interface Redirector {
  readonly url: string;
  readonly close: () => Promise<void>;
}

export function redirected(req: IncomingMessage, res: ServerResponse, { as, to }: Redirect): void {
  const url = req.url ?? '/';
  if (as === 301) {
    res.writeHead(301, { location: `${to}${url}` });
    res.end();
    return;
  }
  const target = `${to}${url.split('?', 1)[0] ?? '/'}`;
  const withText = req.method === 'GET' || req.method === 'HEAD';
  const body = withText ? `<a href="${target}">Temporary Redirect</a>.\n\n` : '';
  res.writeHead(307, {
    ...(withText ? { 'Content-Type': 'text/html; charset=utf-8' } : {}),
    Location: target,
    'Content-Length': String(Buffer.byteLength(body)),
  });
  res.end(body);
}

/** A server on loopback that only redirects. */
export async function startRedirector(redirect: Redirect): Promise<Redirector> {
  const server = createServer((req, res) => {
    req.resume();
    redirected(req, res, redirect);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
