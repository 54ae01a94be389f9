// Drone's answers, header by header (every recording; the odd ones are in 03 and 67).

import type { ServerResponse } from 'node:http';
import { goJson } from './go-json.ts';

/** Go sends a length for what fits its buffer of 2,048 bytes, and chunks for anything longer. */
const BUFFERED = 2048;

const NO_CACHE: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-cache, no-store, must-revalidate, private, max-age=0',
  Expires: 'Thu, 01 Jan 1970 00:00:00 UTC',
  Pragma: 'no-cache',
  'X-Accel-Expires': '0',
};
const API: Readonly<Record<string, string>> = { ...NO_CACHE, Vary: 'Origin' };
const PAGE: Readonly<Record<string, string>> = {
  ...NO_CACHE,
  'X-Frame-Options': 'DENY',
  'X-Xss-Protection': '1; mode=block',
};

export const STREAM: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-cache',
  'Content-Type': 'text/event-stream',
  Expires: 'Thu, 01 Jan 1970 00:00:00 UTC',
  Pragma: 'no-cache',
  Vary: 'Origin',
  'X-Accel-Buffering': 'no',
  'X-Accel-Expires': '0',
};

function send(res: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body: string): void {
  const bytes = Buffer.from(body);
  res.writeHead(status, bytes.length <= BUFFERED ? { ...headers, 'Content-Length': String(bytes.length) } : headers);
  res.end(bytes);
}

export function json(res: ServerResponse, value: unknown, status = 200): void {
  send(res, status, { ...API, 'Content-Type': 'application/json' }, `${goJson(value)}\n`);
}

/** An error of the API. */
export function failed(res: ServerResponse, status: number, message: string): void {
  json(res, { message }, status);
}

export const NO_ROWS = 'sql: no rows in result set';

export function noRows(res: ServerResponse): void {
  failed(res, 404, NO_ROWS);
}

/** The same array in pieces: a stored log may be 8 MB (recording 41). */
export async function jsonArray(res: ServerResponse, items: readonly unknown[]): Promise<void> {
  if (items.length <= 500) {
    json(res, items);
    return;
  }
  res.writeHead(200, { ...API, 'Content-Type': 'application/json' });
  for (let at = 0; at < items.length; at += 500) {
    const part = items
      .slice(at, at + 500)
      .map(goJson)
      .join(',');
    if (res.destroyed) return;
    if (!res.write(`${at === 0 ? '[' : ','}${part}`)) await drained(res);
  }
  res.end(']\n');
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done).off('close', done);
      resolve();
    };
    res.on('drain', done).on('close', done);
  });
}

export function noContent(res: ServerResponse): void {
  res.writeHead(204, API);
  res.end();
}

/** A path below /api that no route has. */
export function noRoute(res: ServerResponse): void {
  const headers = { ...API, 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' };
  send(res, 404, headers, '404 page not found\n');
}

export function wrongMethod(res: ServerResponse): void {
  send(res, 405, API, '');
}

export function version(res: ServerResponse): void {
  send(res, 200, { ...PAGE, 'Content-Type': 'application/json' }, '{"version":"2.25.0"}\n');
}

export function healthy(res: ServerResponse): void {
  send(res, 200, { ...NO_CACHE, 'Content-Type': 'text/plain; charset=utf-8' }, 'OK');
}

/** What every other path is answered with, whatever the method: the page of the user interface, status 200. */
export function page(res: ServerResponse): void {
  res.writeHead(200, { ...PAGE, 'Content-Type': 'text/html; charset=UTF-8' });
  res.write('<!doctype html><html lang="en"><head><title>Drone CI</title></head>');
  res.end('<body><p>The simulated Drone has no user interface.</p></body></html>');
}
