// A connection to Drone, up to the point where a request could be written: what fails in here was certainly not sent.

import { type Socket, connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Server } from './server.ts';
import { proxyFailed, tlsFailed, unreachable } from './unanswered.ts';
import { unless } from './wait.ts';

export interface Route {
  readonly server: Server;
  /** IP address to connect to in place of the server's name. */
  readonly address?: string | undefined;
  /** PEM text; replaces the built-in authorities. */
  readonly ca?: string | undefined;
  readonly proxy?: Server | undefined;
}

const maxProxyHeader = 16_384;

/** Waits for `ready`, an error, or the abort of `signal`, whose reason is thrown. */
async function open<T extends Socket>(
  make: () => T,
  ready: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  const socket = make();
  const opened = new Promise<T>((resolve, reject) => {
    socket.once(ready, () => resolve(socket));
    socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
    // Stays for the socket's life: without a listener a late error would end the process.
    socket.on('error', reject);
  });
  return unless(signal, opened, () => socket.destroy());
}

const tcp = (host: string, port: number, signal: AbortSignal): Promise<Socket> =>
  open(() => connectTcp({ host, port, keepAlive: true, keepAliveInitialDelay: 30_000 }), 'connect', signal);

/** Reads the proxy's answer to CONNECT byte by byte of its header; what follows belongs to the tunnel. */
function proxyAnswer(socket: Socket, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const finish = (act: () => void): void => {
      signal.removeEventListener('abort', stop);
      socket.removeListener('readable', read);
      socket.removeListener('end', closed);
      socket.removeListener('error', closed);
      socket.removeListener('close', closed);
      act();
    };
    const stop = (): void => finish(() => reject(signal.reason as Error));
    const closed = (): void => finish(() => reject(new Error('closed')));
    const read = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end >= 0) {
          const rest = head.subarray(end + 4);
          return finish(() => {
            if (rest.length > 0) socket.unshift(rest);
            resolve(head.subarray(0, end).toString('latin1'));
          });
        }
        if (head.length > maxProxyHeader) return finish(() => reject(new Error('too long')));
      }
    };
    signal.addEventListener('abort', stop, { once: true });
    socket.on('readable', read);
    socket.once('end', closed);
    socket.once('error', closed);
    socket.once('close', closed);
    read();
  });
}

async function tunnel(proxy: Server, target: string, signal: AbortSignal): Promise<Socket> {
  let socket: Socket;
  try {
    socket = await tcp(proxy.host, proxy.port, signal);
    if (proxy.tls)
      socket = await open(
        () => connectTls({ socket, host: proxy.host, servername: proxy.servername, rejectUnauthorized: true }),
        'secureConnect',
        signal,
      );
  } catch (error) {
    signal.throwIfAborted();
    throw proxyFailed(proxy.origin, 'it cannot be reached', error);
  }
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  try {
    const head = await proxyAnswer(socket, signal);
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? '';
    if (status !== '200')
      throw proxyFailed(proxy.origin, status === '' ? 'it is no HTTP proxy' : `it answered ${status}`);
    return socket;
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw error instanceof Error && error.message === 'closed' ? proxyFailed(proxy.origin, 'it hung up', error) : error;
  }
}

/** @throws {Unanswered} whose `reached` is `never`; the signal's reason when it is aborted */
export async function dial({ server, address, ca, proxy }: Route, signal: AbortSignal): Promise<Socket> {
  const host = address ?? server.host;
  let socket: Socket;
  if (proxy) {
    socket = await tunnel(proxy, host.includes(':') ? `[${host}]:${server.port}` : `${host}:${server.port}`, signal);
  } else {
    try {
      socket = await tcp(host, server.port, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw unreachable(server.origin, error, 'never');
    }
  }
  if (!server.tls) return socket;
  try {
    const options = {
      socket,
      // The name of the URL is proved, whatever address was connected to.
      host: server.host,
      servername: server.servername,
      // Said here, so that NODE_TLS_REJECT_UNAUTHORIZED cannot say otherwise.
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      ...(ca === undefined ? {} : { ca }),
    } as const;
    return await open(
      () => connectTls({ ...options, ALPNProtocols: [...options.ALPNProtocols] }),
      'secureConnect',
      signal,
    );
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw tlsFailed(server.origin, error);
  }
}
