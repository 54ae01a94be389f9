// A Drone whose builds do what their parameter ENVIRONMENT says: `staging` succeeds, `flood` writes 64 lines of 1 MiB
// and succeeds, `endless` writes for ever, and `bodies` answers each look with a body that has no end.

import { type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pour } from '../../drone/scripted.ts';
import { login, slug } from '../../e2e/support/world.ts';

export const floodLines = 64;
/** Milliseconds after which a step of 64 MiB has ended, whoever has read how much of it. */
const floodMs = 15_000;
/** Drone's runner reads 32 KiB at once, so a line of 1 MiB comes in 32 entries. */
const entryBytes = 32_768;
const entriesPerLine = 32;
const text = 'x'.repeat(entryBytes - 1);

interface Build {
  readonly number: number;
  readonly params: Record<string, string>;
  readonly after: string;
  readonly ref: string;
  status: 'running' | 'success' | 'killed';
  looks: number;
  poured: number;
}

export interface FloodingDrone {
  readonly url: string;
  readonly port: number;
  /** Of the newest build of that kind. */
  build(kind: string): { readonly looks: number; readonly poured: number; readonly status: string } | undefined;
  close(): Promise<void>;
}

function* entries(count: number): Generator<string> {
  for (let pos = 0; pos < count; pos++) {
    const out = (pos + 1) % entriesPerLine === 0 ? `${text}\n` : `${text}x`;
    yield JSON.stringify({ pos, out, time: 0 });
  }
}
const frames = function* (all: Iterable<string>): Generator<string> {
  for (const entry of all) yield `data: ${entry}\n\n`;
};

const shown = ({ number, params, after, ref, status }: Build): object => ({
  number,
  params,
  after,
  ref,
  status,
  event: 'custom',
  trigger: login,
  sender: login,
  started: 1,
  finished: status === 'running' ? 0 : 2,
  stages: [
    {
      number: 1,
      name: 'default',
      status,
      exit_code: 0,
      started: 1,
      stopped: status === 'running' ? 0 : 2,
      steps: [{ number: 1, name: 'deploy', status, exit_code: 0, started: 1, stopped: status === 'running' ? 0 : 2 }],
    },
  ],
});

/** @param host where it listens */
export async function startFloodingDrone(host = '127.0.0.1'): Promise<FloodingDrone> {
  const builds: Build[] = [];
  const json = (response: ServerResponse, body: unknown): void => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

  async function stream(build: Build, response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const kind = build.params['ENVIRONMENT'];
    const count = kind === 'endless' ? Number.POSITIVE_INFINITY : kind === 'flood' ? floodLines * entriesPerLine : 0;
    const counted = function* (): Generator<string> {
      for (const frame of frames(entries(count))) {
        build.poured += frame.length;
        yield frame;
      }
    };
    const over = setTimeout(() => kind === 'flood' && response.destroy(), floodMs);
    if (build.status === 'running') await pour(response, counted());
    clearTimeout(over);
    response.end('event: error\ndata: eof\n\n');
    // A build does not wait for whoever reads its log.
    if (kind === 'flood') build.status = 'success';
  }

  async function log(build: Build, response: ServerResponse): Promise<void> {
    if (build.params['ENVIRONMENT'] !== 'flood') return json(response, null);
    response.writeHead(200, { 'content-type': 'application/json' });
    const separated = function* (): Generator<string> {
      let before = '[';
      for (const entry of entries(floodLines * entriesPerLine)) {
        yield `${before}${entry}`;
        before = ',';
      }
    };
    await pour(response, separated());
    response.end(']');
  }

  const repository = { slug, active: true, user_id: 1, timeout: 60, counter: 0 };
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://drone');
    if (pathname === '/api/user') return json(response, { login, admin: false, active: true });
    if (pathname === `/api/repos/${slug}`)
      return json(response, { ...repository, permissions: { read: true, write: true, admin: false } });
    const [, id] = /^\/api\/(?:stream\/[^/]+\/[^/]+|repos\/[^/]+\/[^/]+\/builds)\/(\d+)/.exec(pathname) ?? [];
    const build = builds[Number(id) - 1];
    if (request.method === 'POST' && build === undefined) {
      const { branch = '', commit = '', ...params } = Object.fromEntries(searchParams);
      const status = params['ENVIRONMENT'] === 'staging' ? 'success' : 'running';
      const made = { number: builds.length + 1, params, after: commit, ref: `refs/heads/${branch}` };
      builds.push({ ...made, status, looks: 0, poured: 0 });
      return json(response, shown(builds.at(-1)!));
    }
    if (build === undefined) return json(response, builds.map(shown));
    if (pathname.includes('/stream/')) return void stream(build, response);
    if (pathname.includes('/logs/')) return void log(build, response);
    if (request.method === 'DELETE') {
      build.status = 'killed';
      return json(response, shown(build));
    }
    build.looks++;
    if (build.params['ENVIRONMENT'] !== 'bodies' || build.status === 'killed') return json(response, shown(build));
    response.writeHead(200, { 'content-type': 'application/json' });
    const spaces = function* (): Generator<string> {
      for (;;) {
        build.poured += 65_536;
        yield ' '.repeat(65_536);
      }
    };
    void pour(response, spaces());
  });
  await new Promise<void>((done) => server.listen(0, host, done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    port,
    build: (kind) => builds.findLast(({ params }) => params['ENVIRONMENT'] === kind),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
