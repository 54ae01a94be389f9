// A client that hides nothing: the path goes out as it is written, no redirect is followed, the answer is shown as it came.

import { request as plain } from 'node:http';
import { request as secure } from 'node:https';

export interface Answer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
  /** The body as JSON; undefined: it is none. */
  json: unknown;
}

export interface Asked {
  method?: string;
  token?: string;
  body?: string;
  ca?: string;
  /** Milliseconds after which the client hangs up; the promise then rejects. Default 30,000. */
  giveUpMs?: number;
  /** The client hangs up when this resolves. */
  giveUp?: Promise<unknown>;
}

export interface OpenStream {
  status: number;
  headers: Record<string, string>;
  /** All that came so far. */
  text: () => string;
  /** Whether the server ended it; `broken`: the connection was cut. */
  ended: () => boolean | 'broken';
  /** Resolves when `text()` or `ended()` says what the check wants; rejects after 30 s. */
  until: (check: (text: string, ended: boolean | 'broken') => boolean) => Promise<void>;
  close: () => void;
}

const LIMIT_MS = 30_000;

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

export function open(origin: string, path: string, asked: Asked = {}): Promise<OpenStream> {
  const { hostname, port, protocol } = new URL(origin);
  const { method = 'GET', token, body, ca, giveUpMs = LIMIT_MS } = asked;
  const headers = {
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
  };
  const options = { hostname, port, path, method, headers, agent: false, ...(ca === undefined ? {} : { ca }) };
  return new Promise((resolve, reject) => {
    const req = (protocol === 'https:' ? secure : plain)(options, (res) => {
      clearTimeout(timer);
      let text = '';
      let ended: boolean | 'broken' = false;
      const looks = new Set<() => void>();
      const look = (): void => looks.forEach((one) => one());
      res.setEncoding('utf8');
      res.on('data', (part: string) => {
        text += part;
        look();
      });
      res.on('error', () => undefined);
      res.on('close', () => {
        ended = res.complete ? true : 'broken';
        look();
      });
      const until = (check: (seen: string, over: boolean | 'broken') => boolean): Promise<void> =>
        new Promise((done, fail) => {
          const limit = setTimeout(() => fail(new Error(`waited in vain; so far: ${text.slice(-500)}`)), LIMIT_MS);
          const one = (): void => {
            if (!check(text, ended)) return;
            clearTimeout(limit);
            looks.delete(one);
            done();
          };
          looks.add(one);
          one();
        });
      resolve({
        status: res.statusCode ?? 0,
        headers: Object.fromEntries(Object.entries(res.headers).map(([name, value]) => [name, String(value)])),
        text: () => text,
        ended: () => ended,
        until,
        close: () => req.destroy(),
      });
    });
    const timer = setTimeout(() => req.destroy(new Error(`client gave up after ${giveUpMs} ms`)), giveUpMs);
    void asked.giveUp?.then(() => req.destroy(new Error('client gave up')));
    req.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    req.end(body);
  });
}

/** The whole answer. */
export async function ask(origin: string, path: string, asked: Asked = {}): Promise<Answer> {
  const stream = await open(origin, path, asked);
  await stream.until((_text, ended) => ended !== false);
  if (stream.ended() === 'broken') throw new Error('the connection was cut');
  const { status, headers } = stream;
  return { status, headers, body: stream.text(), json: parsed(stream.text()) };
}
