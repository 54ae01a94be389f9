// Serves a recording back to the client: a real HTTP server on loopback that answers as the recorded Drone did, in its
// order and with its times (scaled).

import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Frame, type RecordedStream, framesOf, jsonOf } from '../support/recordings.ts';
import { type Story, buildPath, deletesOf, listsOf, allStoriesOf } from '../support/stories.ts';
import { chunksOf } from './chunks.ts';
import { answerJson, supposedLog } from './logs.ts';
import { PlayClock } from './clock.ts';
import { repositoryOf, userOf } from './people.ts';
import { reply } from './reply.ts';
import { Rewriter } from './rewrite.ts';
import { isBuild, isOver } from './sightings.ts';
import { type Timeline, timelineOf } from './timeline.ts';

export interface Playback {
  readonly url: string;
  /** `METHOD path`, in the order in which they came. */
  readonly requests: readonly string[];
  /** Begins without a trigger of the client: the recorded answer to the POST that made the build. */
  begin(): unknown;
  /** Number of the build that was played; undefined: there was none. */
  number(): number | undefined;
  /** Whether an end was played that nobody recorded. */
  assumed(): boolean;
  /** Resolves when the recording's clock shows this second; false: it was closed before. */
  reached(at: number): Promise<boolean>;
  close(): Promise<void>;
}

export interface PlaybackOptions {
  /** Seconds of the recording to seconds of the test; default 0.02. */
  readonly scale?: number;
  /** The repository's time-out in minutes; default: as it was recorded. */
  readonly timeout?: number;
  /** The first POST is done and its answer lost. */
  readonly lose?: boolean;
}

const noRows: Frame = { at: 0, status: 404, body: '{"message":"sql: no rows in result set"}\n' };
const emptyStream = ': ping\n\nevent: error\ndata: eof\n\n';

/** When the sender of the trigger ended its build: what came later waits until the client does so. */
export function cancelledAt(story: Story): number | undefined {
  const own =
    story.number === undefined ? [] : framesOf(story.recording, 'DELETE', buildPath(story, story.number), story.as);
  return own.find(
    (frame) => frame.at >= story.at && 'status' in frame && frame.status === 200 && isKilled(jsonOf(frame)),
  )?.at;
}

const isKilled = (json: unknown): boolean => isBuild(json) && json.status === 'killed';

/** A build whose end nobody recorded, after a cancel. */
function killed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(killed);
  if (typeof value !== 'object' || value === null || !('status' in value)) return value;
  const own = Object.entries(value).map(([key, inner]: [string, unknown]) => [
    key,
    key === 'stages' || key === 'steps' ? killed(inner) : inner,
  ]);
  const status = String(value.status);
  return {
    ...Object.fromEntries(own),
    status: isOver({ status }) ? status : status === 'pending' && 'step_id' in value ? 'skipped' : 'killed',
  };
}

/** Plays one story. The recording's clock stands still until the client's first POST. */
export async function startPlayback(story: Story, options: PlaybackOptions = {}): Promise<Playback> {
  const { scale = 0.02, timeout, lose = false } = options;
  const { recording: from, repository } = story;
  const base = `/api/repos/${repository}`;
  const requests: string[] = [];
  const clock = new PlayClock(scale, story.at);
  const rewriter = new Rewriter(story);
  const heldAt = cancelledAt(story);
  if (heldAt !== undefined) clock.hold(heldAt);
  let timeline: Timeline | undefined;
  let posted: unknown;
  let posts = 0;
  let deletes = 0;
  let deleted = false;
  let closed = false;

  const answer = (response: ServerResponse, frame: Frame): void =>
    reply(response, frame, (json) => rewriter.json(json));

  /** The newest frame of now. */
  function current(frames: readonly Frame[]): Frame | undefined {
    const open = frames.filter(({ at }) => at >= story.at && (deleted || heldAt === undefined || at < heldAt));
    return open.findLast(({ at }) => at <= clock.now()) ?? open[0];
  }

  async function post(response: ServerResponse, url: URL): Promise<void> {
    const { branch: _branch, commit: _commit, ...params } = Object.fromEntries(url.searchParams);
    clock.start();
    const again = allStoriesOf(from).filter(({ path, at }) => path === story.path && at > story.at);
    const { exchange } = posts === 0 ? story : (again[posts - 1] ?? story);
    posts++;
    const frame: Frame = exchange.response ?? { at: exchange.at, failed: exchange.failed ?? 'ECONNRESET' };
    const json = 'status' in frame && frame.status === 200 ? jsonOf(frame) : undefined;
    rewriter.posted(params, json);
    posted ??= json;
    await clock.until(
      Math.min(exchange.took + clock.now(), heldAt ?? Number.POSITIVE_INFINITY),
      () => response.destroyed,
    );
    if (lose && posts === 1) return void response.destroy();
    answer(response, frame);
  }

  function build(response: ServerResponse): void {
    timeline ??= timelineOf(story, rewriter.number ?? 0, posted, heldAt);
    const frame = current(timeline.frames) ?? noRows;
    answer(
      response,
      deletes > 0 && heldAt === undefined && 'status' in frame && frame.status === 200
        ? { ...frame, json: killed(jsonOf(frame)) }
        : frame,
    );
  }

  /** Each DELETE is answered as the recorded one of its turn; a client that ends what nobody ended is believed. */
  function cancel(response: ServerResponse): void {
    const recorded = deletesOf(story);
    const frame = recorded[Math.min(deletes++, recorded.length - 1)];
    if (frame === undefined) return build(response);
    if ('status' in frame && frame.status === 200) {
      deleted = true;
      clock.release();
    }
    answer(response, frame);
  }

  async function stream(response: ServerResponse, path: string): Promise<void> {
    const streams = from.items.filter(
      (item): item is RecordedStream => item.kind === 'stream' && item.request.path === path && item.at >= story.at,
    );
    const played = streams.findLast((item) => item.at <= clock.now() + 0.3) ?? streams[0];
    if (played !== undefined && played.response.status !== 200) return answer(response, played.response);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    if (played === undefined) return void response.end(emptyStream);
    const gone = (): boolean => response.destroyed;
    for (const chunk of chunksOf(from, played)) {
      await clock.until(chunk.at, gone);
      if (gone()) return;
      response.write(chunk.data);
    }
    await clock.until(played.ended.at, gone);
    if (played.ended.how === 'the server ended the response') response.end();
    else if (played.ended.how === 'connection broken') response.destroy();
  }

  function list(response: ServerResponse, page: string | null): void {
    const frame = page === null || page === '1' ? current(listsOf(from, repository)) : undefined;
    answer(response, frame ?? { at: 0, status: 200, json: [] });
  }

  function route(request: IncomingMessage, response: ServerResponse): Promise<void> | void {
    const url = new URL(request.url ?? '/', 'http://drone');
    const path = url.pathname;
    requests.push(`${request.method} ${path}`);
    if (path === '/api/user') return answer(response, userOf(from, story.as));
    if (path === base) return answer(response, repositoryOf(story, timeout));
    if (path === `${base}/builds` && request.method === 'POST') return post(response, url);
    if (path === `${base}/builds`) return list(response, url.searchParams.get('page'));
    const own = rewriter.number;
    if (own !== undefined && path === buildPath(story, own))
      return request.method === 'DELETE' ? cancel(response) : build(response);
    if (request.method === 'DELETE') return answer(response, { at: 0, status: 200, json: killed(posted) });
    if (path.startsWith('/api/stream/')) return stream(response, path);
    const frames = framesOf(from, 'GET', path);
    const supposed = frames.length === 0 ? supposedLog(from, path) : undefined;
    const frame = current(frames) ?? (supposed === undefined ? noRows : { at: 0, status: 200, json: supposed });
    answer(
      response,
      'status' in frame && frame.status === 200 ? { ...frame, json: answerJson(from, path, frame) } : frame,
    );
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => route(request, response);
  const server: Server = createServer((request, response) => {
    // What cannot be played of an odd recording is a response that breaks off.
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    begin: () => {
      posted = story.exchange.response === undefined ? undefined : jsonOf(story.exchange.response);
      rewriter.posted(isBuild(posted) ? (posted.params ?? {}) : {}, posted);
      clock.start();
      return rewriter.json(posted);
    },
    number: () => rewriter.number,
    assumed: () => timeline?.assumed ?? false,
    reached: async (at) => {
      await clock.until(at, () => closed);
      return !closed;
    },
    close: () =>
      new Promise((resolve) => {
        closed = true;
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
