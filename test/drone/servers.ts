// Servers on loopback for the client's connection, closed after each test, and what a call to them came to.

import { type RequestListener, createServer } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach } from 'vitest';
import { type DroneOptions, connectDrone } from '../../src/drone/connection.ts';
import { Unanswered } from '../../src/drone/unanswered.ts';

export const open: Server[] = [];
export const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of open.splice(0)) server.close();
});

export async function listen(server: Server): Promise<number> {
  open.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

export const json: RequestListener = (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end('{"login":"bot"}');
};

export async function http(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(listener))}`;
}

export const call = (options: Omit<DroneOptions, 'token'>, more: { limit?: number; method?: 'POST' } = {}) =>
  connectDrone({ ...options, token: 'the-token' }).call('/api/user', { limit: 2000, ...more });

/** What was thrown, as far as it is told. */
export async function refusal(promise: Promise<unknown>): Promise<{ code: string; reached: string; message: string }> {
  const error: unknown = await promise.then(
    () => new Error('it was answered'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Unanswered)) throw error;
  return { code: error.code, reached: error.reached, message: error.message };
}
