// Serves a recording back to the client: a real HTTP server on loopback that answers as the recorded Drone did, with
// its times (scaled).

import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { type RecordedStream, framesOf, jsonOf, recording } from './recordings.ts';
import {
  type Frame,
  type Story,
  type Unkillable,
  beforeCancel,
  buildPath,
  chunksOf,
  eventFrames,
  framesByLogs,
  noRows,
  repositoryOf,
  storiesOf,
} from './stories.ts';

export interface Playback {
  readonly url: string;
  /** `METHOD path`, in the order in which they came. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export interface PlaybackOptions {
  /** Seconds of the recording to seconds of the test; default 0.02. */
  readonly scale?: number;
  /** The repository's time-out in minutes. */
  readonly timeout?: number;
  /** The first POST is done and its answer lost. */
  readonly lose?: boolean;
}

/** Plays one story. The recording's clock stands still until the client's first POST. */
export async function startPlayback(story: Story, options: PlaybackOptions = {}): Promise<Playback> {
  const { scale = 0.02, timeout = 60, lose = false } = options;
  const { recording: from, repository } = story;
  const base = `/api/repos/${repository}`;
  const requests: string[] = [];
  const number = story.number ?? 0;
  const deleteAt = framesOf(from, 'DELETE', buildPath(story, number)).find((frame) => frame.at >= story.at)?.at;
  let posted: Record<string, unknown> = {};
  let offset: number | undefined;
  let posts = 0;
  let deleted = false;
  let sent: Record<string, string> = {};

  /** Seconds of the recording. */
  const clock = (): number => (offset === undefined ? story.at : performance.now() / 1000 / scale + offset);
  const setClock = (at: number): void => {
    offset = at - performance.now() / 1000 / scale;
  };
  const sleep = (seconds: number): Promise<void> =>
    new Promise((resolve) => {
      setTimeout(resolve, Math.max(0, seconds * scale * 1000));
    });

  function answer(response: ServerResponse, frame: Frame, body?: unknown): void {
    if ('failed' in frame) {
      // What gave up in the recording was the recorder: the server was silent.
      if (!frame.failed.startsWith('client gave up')) response.destroy();
      return;
    }
    const type = frame.headers?.['Content-Type'] ?? 'application/json';
    const location = frame.headers?.Location ?? frame.headers?.location;
    response.writeHead(frame.status, {
      'Content-Type': type,
      ...(location === undefined ? {} : { Location: location }),
    });
    response.end(body === undefined ? (frame.body ?? '') : JSON.stringify(body));
  }

  /** A recorded build whose parameters are the story's own has the parameters that this client sent. */
  function asSent(json: unknown): unknown {
    const build = json as { params?: Record<string, string>; trigger?: string } | null;
    if (build === null || typeof build !== 'object' || build.trigger === '' || build.trigger === undefined) return json;
    return isDeepStrictEqual(build.params ?? {}, story.params) ? { ...build, params: sent } : json;
  }
  const withParams = (frame: Frame): unknown => {
    if ('failed' in frame || frame.status !== 200) return undefined;
    const json = jsonOf(frame);
    return Array.isArray(json) ? json.map(asSent) : asSent(json);
  };

  /** The newest frame of now; what came after the recorded cancel waits for the client's. */
  function current(frames: readonly Frame[]): Frame | undefined {
    const open = frames.filter(
      (frame) => frame.at >= story.at && (deleted || deleteAt === undefined || frame.at < deleteAt),
    );
    const now = clock();
    return open.findLast((frame) => frame.at <= now) ?? open[0];
  }

  async function post(response: ServerResponse, url: URL): Promise<void> {
    const { branch: _branch, commit: _commit, ...params } = Object.fromEntries(url.searchParams);
    sent = params;
    if (offset === undefined) setClock(story.at);
    const again = storiesOf(from.case).filter(({ path, at }) => path === story.path && at > story.at);
    const { exchange } = posts === 0 ? story : (again[posts - 1] ?? story);
    posts++;
    await sleep(exchange.took);
    if (lose && posts === 1) return void response.destroy();
    const frame: Frame = exchange.response ?? { at: exchange.at, failed: exchange.failed ?? 'ECONNRESET' };
    const body = withParams(frame);
    if (typeof body === 'object' && body !== null) posted = body as Record<string, unknown>;
    // What is not JSON goes out as it was; null is an answer too.
    answer(response, frame, frame === exchange.response && exchange.response?.status === 200 ? body : undefined);
  }

  function build(response: ServerResponse): void {
    const looked = framesOf(from, 'GET', buildPath(story, number)).filter((frame) => frame.at >= story.at);
    const seen = looked.length > 0 ? looked : eventFrames(story, number);
    const frames = seen.length > 0 ? seen : framesByLogs(story, number, posted);
    const frame = current(frames);
    if (frame !== undefined) return answer(response, frame, withParams(frame));
    const later = frames.find((one) => one.at >= story.at && 'status' in one);
    if (later === undefined) return answer(response, noRows);
    answer(response, later, beforeCancel(withParams(later) as Unkillable));
  }

  function cancel(response: ServerResponse): void {
    const frame = framesOf(from, 'DELETE', buildPath(story, number)).find((one) => one.at >= story.at);
    if (frame === undefined) return answer(response, noRows);
    if (!deleted && deleteAt !== undefined && clock() < deleteAt) setClock(deleteAt);
    deleted = true;
    answer(response, frame, withParams(frame));
  }

  async function stream(response: ServerResponse, path: string): Promise<void> {
    const streams = from.items.filter(
      (item): item is RecordedStream => item.kind === 'stream' && item.request.path === path && item.at >= story.at,
    );
    const now = clock();
    const played = streams.findLast((item) => item.at <= now + 0.3) ?? streams[0];
    if (played?.response.status === 404) return answer(response, noRows);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    if (played === undefined) return void response.end(': ping\n\nevent: error\ndata: eof\n\n');
    for (const chunk of chunksOf(story, played)) {
      const wait = chunk.at - clock();
      if (wait > 0) await sleep(wait);
      if (response.destroyed) return;
      response.write(chunk.data);
    }
    await sleep(played.ended.at - clock());
    if (played.ended.how === 'the server ended the response') response.end();
    else if (played.ended.how === 'connection broken') response.destroy();
  }

  function list(response: ServerResponse, page: string | null): void {
    const frames = from.items.flatMap((item) =>
      item.kind === 'exchange' &&
      item.request.method === 'GET' &&
      item.request.path.startsWith(`${base}/builds?`) &&
      item.response
        ? [{ ...item.response, at: item.at }]
        : [],
    );
    const frame = page === '1' ? current(frames) : undefined;
    if (frame === undefined || 'failed' in frame) return answer(response, { at: 0, status: 200, body: '[]' });
    answer(response, frame, withParams(frame));
  }

  function route(request: IncomingMessage, response: ServerResponse): Promise<void> | void {
    const url = new URL(request.url ?? '/', 'http://drone');
    const path = url.pathname;
    requests.push(`${request.method} ${path}`);
    if (path === '/api/user') return answer(response, framesOf(recording('02'), 'GET', '/api/user')[0] as Frame);
    if (path === base) {
      // What was recorded of this repository counts where it is the point: it is disabled, or not known at all.
      const recorded = [...framesOf(from, 'GET', base), ...framesOf(recording('04'), 'GET', base)];
      const frame = recorded.find(
        (one) =>
          'status' in one &&
          (one.status === 200
            ? (jsonOf(one) as { active: boolean }).active === false
            : from.case === '15-trigger-no-permission'),
      );
      return frame ? answer(response, frame) : answer(response, { at: 0, status: 200 }, repositoryOf(story, timeout));
    }
    if (path === `${base}/builds` && request.method === 'POST') return post(response, url);
    if (path === `${base}/builds`) return list(response, url.searchParams.get('page'));
    if (request.method === 'DELETE' && path === buildPath(story, number)) return cancel(response);
    if (request.method === 'DELETE') return answer(response, { at: 0, status: 200 }, { ...posted, status: 'killed' });
    if (path === buildPath(story, number)) return build(response);
    if (path.startsWith('/api/stream/')) return stream(response, path);
    const frame = current(framesOf(from, 'GET', path)) ?? noRows;
    return answer(response, frame, 'status' in frame && frame.status === 200 ? jsonOf(frame) : undefined);
  }

  const server: Server = createServer((request, response) => void route(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
