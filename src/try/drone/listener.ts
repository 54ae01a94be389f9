// The server's door: HTTP, or HTTPS that answers plain HTTP as Go does (recording 67). It can be shut and opened again at the
// same address.

import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';

export interface Door {
  readonly port: number;
  open(): Promise<void>;
  /** Cuts what is open and refuses what comes. */
  shut(): Promise<void>;
}

/** First byte of a TLS handshake. */
const HANDSHAKE = 0x16;
const NOT_TLS = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';

/** Hands TLS on and turns plain HTTP away; the first byte tells which it is. */
function sorting(secure: Server): Server {
  return createTcpServer((socket) => {
    socket.once('error', () => socket.destroy());
    const onReadable = (): void => {
      const first = socket.read(1) as Buffer | null;
      if (first === null) return;
      socket.off('readable', onReadable);
      socket.unshift(first);
      if (first[0] === HANDSHAKE) secure.emit('connection', socket);
      else socket.end(NOT_TLS);
    };
    socket.on('readable', onReadable);
  });
}

export async function openDoor(
  listener: RequestListener,
  where: { host: string; port: number; tls: { key: string; cert: string } | undefined },
): Promise<Door> {
  const { host, tls } = where;
  const web = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  // Go sends no Keep-Alive header: 0 keeps Node from doing so.
  web.keepAliveTimeout = 0;
  const server = tls === undefined ? web : sorting(web);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  let port = where.port;
  const open = async (): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    ({ port } = server.address() as AddressInfo);
  };
  const shut = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  await open();
  return { port, open, shut };
}
