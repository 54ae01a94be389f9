// A Drone of a few lines, for answers that no Drone gives: what a broken, a replaced or a hostile one could say.

import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { commit, nonce } from '../support/drone-run.ts';
import { slug } from './sim.ts';
import { listen } from './servers.ts';

type Json = Readonly<Record<string, unknown>>;
type Handler = (response: ServerResponse, request: IncomingMessage) => unknown;

export interface Script {
  /** Of GET build, or a promise of it; `look` counts from 1. */
  readonly build: (look: number) => unknown;
  /** Of the trigger; without it the build of the first look, pending. */
  readonly post?: () => unknown;
  /** Of DELETE; without it the build, killed. */
  readonly remove?: () => unknown;
  /** Of the list, by page; without it an empty one. */
  readonly list?: (page: number) => unknown;
  /** Of a stored log; without it `null`. */
  readonly log?: Handler;
  /** Of a live stream; without it the end at once. */
  readonly stream?: Handler;
}

export interface Scripted {
  readonly url: string;
  /** `GET /api/user`, … without queries. */
  readonly requests: readonly string[];
}

export const buildOf = (status: string, more: Json = {}): Json => ({
  number: 1,
  status,
  event: 'custom',
  trigger: 'bot',
  sender: 'bot',
  after: commit,
  ref: 'refs/heads/main',
  params: { ENVIRONMENT: 'staging', AIRLOCK_NONCE: nonce },
  started: 1,
  finished: status === 'pending' || status === 'running' ? 0 : 2,
  ...more,
});
export const stepOf = (number: number, status: string, more: Json = {}): Json => ({
  number,
  name: `step-${number}`,
  status,
  exit_code: 0,
  started: 1,
  ...more,
});
export const stageOf = (status: string, steps: readonly Json[], more: Json = {}): Json => ({
  number: 1,
  name: 'default',
  status,
  exit_code: 0,
  started: 1,
  stopped: 2,
  steps,
  ...more,
});

export async function scripted(script: Script): Promise<Scripted> {
  const requests: string[] = [];
  let looks = 0;
  const answer = (response: ServerResponse, body: unknown, status = 200): void => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  const port = await listen(
    createServer((request, response): void => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://drone');
      requests.push(`${request.method} ${pathname}`);
      response.on('error', () => {});
      if (pathname === '/api/user') return answer(response, { login: 'bot', admin: false, active: true });
      if (pathname === `/api/repos/${slug}`)
        return answer(response, {
          slug,
          active: true,
          user_id: 1,
          timeout: 60,
          counter: 0,
          permissions: { read: true, write: true, admin: false },
        });
      if (request.method === 'POST') return answer(response, script.post?.() ?? buildOf('pending'));
      if (request.method === 'DELETE') return answer(response, script.remove?.() ?? buildOf('killed'));
      if (pathname.includes('/stream/')) {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        if (script.stream === undefined) response.end('event: error\ndata: eof\n\n');
        else void script.stream(response, request);
        return;
      }
      if (pathname.includes('/logs/')) {
        if (script.log === undefined) return answer(response, null);
        response.writeHead(200, { 'Content-Type': 'application/json' });
        void script.log(response, request);
        return;
      }
      if (pathname.endsWith('/builds')) return answer(response, script.list?.(Number(searchParams.get('page'))) ?? []);
      void Promise.resolve(script.build(++looks)).then((body) => answer(response, body));
    }),
  );
  return { url: `http://127.0.0.1:${port}`, requests };
}

/** Writes as fast as it is read. */
export async function pour(response: ServerResponse, texts: Iterable<string>): Promise<void> {
  for (const text of texts) {
    if (response.destroyed) return;
    if (!response.write(text))
      await new Promise<void>((resolve) => {
        const done = (): void => {
          response.off('drain', done);
          response.off('close', done);
          resolve();
        };
        response.on('drain', done);
        response.on('close', done);
      });
  }
}
