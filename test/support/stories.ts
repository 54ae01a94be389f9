// A recording may hold several triggers; each is a story of its own, from its POST on. What the recording tells of its
// build is gathered here: the looks at it, the event stream, or, where nobody looked, its logs.

import {
  type RecordedAnswer,
  type RecordedExchange,
  type RecordedStream,
  type Recording,
  framesOf,
  jsonOf,
  recording,
} from './recordings.ts';

export interface Story {
  readonly recording: Recording;
  readonly exchange: RecordedExchange;
  readonly at: number;
  /** `owner/name` */
  readonly repository: string;
  /** The POST's path as recorded, with its query. */
  readonly path: string;
  readonly branch: string;
  readonly commit: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  /** Absent: the trigger made no build, or the recording does not tell. */
  readonly number: number | undefined;
}

export type Frame = RecordedAnswer | { readonly at: number; readonly failed: string };

/** The triggers that the recording's `bot` sent, in order. */
export function storiesOf(name: string): readonly Story[] {
  const from = recording(name);
  return from.items.flatMap((item) => {
    if (item.kind !== 'exchange' || item.request.method !== 'POST' || item.request.as !== 'bot') return [];
    const url = new URL(item.request.path, 'http://drone');
    const match = /^\/api\/repos\/([^/]+\/[^/]+)\/builds$/.exec(url.pathname);
    if (match?.[1] === undefined) return [];
    // Drone takes the first of several values (recording 18).
    const { branch = '', commit, ...params } = Object.fromEntries([...url.searchParams].toReversed());
    const body = item.response?.status === 200 ? (jsonOf(item.response) as { number?: number } | null) : undefined;
    return [
      {
        recording: from,
        exchange: item,
        at: item.at,
        repository: match[1],
        path: item.request.path,
        branch,
        commit: commit === '' ? undefined : commit,
        params,
        number: body?.number,
      },
    ];
  });
}

export const noRows = { at: 0, status: 404, body: '{"message":"sql: no rows in result set"}\n' };

/** The repository as the recorded `bot` sees one, with another name. */
export function repositoryOf(story: Story, timeout: number): Record<string, unknown> {
  const frame = framesOf(recording('04'), 'GET', '/api/repos/octo/hello').find(
    (one) =>
      'status' in one && (jsonOf(one) as { permissions?: { write: boolean; admin: boolean } }).permissions?.write,
  );
  const [namespace, name] = story.repository.split('/');
  const before = story.number ?? maxNumber(story) + 1;
  const repo = jsonOf(frame as RecordedAnswer) as Record<string, unknown>;
  return { ...repo, namespace, name, slug: story.repository, timeout, counter: before - 1 };
}

/** The highest number in the lists of the recording: without a build of ours, all of them are older. */
function maxNumber(story: Story): number {
  const numbers = story.recording.items.flatMap((item) => {
    if (item.kind !== 'exchange' || item.request.method !== 'GET' || item.response?.status !== 200) return [];
    if (!/\/builds(?:\?|$)/.test(item.request.path)) return [];
    return (jsonOf(item.response) as { number: number }[]).map((build) => build.number);
  });
  return Math.max(0, ...numbers);
}

export interface Unkillable {
  status: string;
  stopped?: number;
  finished?: number;
  exit_code?: number;
  steps?: Unkillable[];
  stages?: Unkillable[];
}

export const buildPath = (story: Story, number: number): string => `/api/repos/${story.repository}/builds/${number}`;

/** Builds that the repository's event stream showed (recordings 10, 47). */
export function eventFrames(story: Story, number: number): readonly Frame[] {
  return story.recording.items.flatMap((item) => {
    if (item.kind !== 'stream' || item.request.path !== `/api/stream/${story.repository}`) return [];
    return item.chunks.flatMap(({ at = 0, data = '' }) =>
      data
        .split('\n')
        .filter((line) => line.startsWith('data: {'))
        .map(
          (line) => (JSON.parse(line.slice('data: '.length)) as { build: { number: number; params?: object } }).build,
        )
        .filter((build) => build.number === number)
        .map((json) => ({ at, status: 200, json })),
    );
  });
}

/**
 * Where nobody looked at the build, its steps are known by their logs alone: a step runs while its stream is open, and
 * has succeeded when its stored log is there.
 */
export function framesByLogs(story: Story, number: number, posted: Record<string, unknown>): readonly Frame[] {
  const steps = new Map<number, { from: number; to: number }>();
  const last = new Map<number, number>();
  for (const item of story.recording.items) {
    if (item.kind === 'note' || item.at < story.at) continue;
    const path = item.request.path;
    const match = new RegExp(
      `^/api/(?:stream/${story.repository}/${number}|repos/${story.repository}/builds/${number}/logs)/1/(\\d+)$`,
    ).exec(path);
    if (match?.[1] === undefined) continue;
    const step = steps.get(Number(match[1])) ?? { from: item.at, to: Number.POSITIVE_INFINITY };
    const stored = item.kind === 'exchange' && item.response?.status === 200;
    // An end at once says that the step has not begun or is over (43), so only the last one counts.
    const ended = item.kind === 'stream' && item.ended.how === 'the server ended the response';
    if (stored) step.to = Math.min(step.to, item.at);
    else if (ended && item.chunks.length > 2) step.to = Math.min(step.to, item.ended.at);
    else if (ended) last.set(Number(match[1]), item.at);
    steps.set(Number(match[1]), step);
  }
  for (const [step, at] of last) {
    const known = steps.get(step);
    if (known?.to === Number.POSITIVE_INFINITY) known.to = at;
  }
  const times = [...steps.values()].flatMap(({ from, to }) => [from, to]).filter(Number.isFinite);
  const seconds = (at: number): number => Math.floor(1_795_508_000 + at);
  return [...new Set(times)]
    .toSorted((a, b) => a - b)
    .map((at) => {
      const views = [...steps].map(([stepNumber, { from, to }]) => ({
        number: stepNumber,
        name: `step-${stepNumber}`,
        status: at >= to ? 'success' : at >= from ? 'running' : 'pending',
        exit_code: 0,
        started: at >= from ? seconds(from) : 0,
        stopped: at >= to ? seconds(to) : 0,
      }));
      const status = views.every((view) => view.status === 'success') ? 'success' : 'running';
      const stage = {
        number: 1,
        name: 'default',
        status,
        exit_code: 0,
        started: seconds(story.at),
        stopped: 0,
        steps: views,
      };
      return {
        at,
        status: 200,
        json: {
          ...posted,
          status,
          started: seconds(story.at),
          finished: status === 'success' ? seconds(at) : 0,
          stages: [stage],
        },
      };
    });
}

interface Entry {
  readonly pos: number;
}
const entriesOf = (data: string): readonly Entry[] =>
  data
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice('data: '.length)) as Entry);

/** The stream's chunks; those that the recording left out are made of the stored log's entries. */
export function chunksOf(story: Story, stream: RecordedStream): readonly { at: number; data: string }[] {
  const path = stream.request.path
    .replace('/api/stream/', '/api/repos/')
    .replace(/\/(\d+)\/(\d+)\/(\d+)$/, '/builds/$1/logs/$2/$3');
  const frame = framesOf(story.recording, 'GET', path).find((one) => 'status' in one && one.status === 200);
  const stored = frame === undefined ? [] : ((jsonOf(frame as RecordedAnswer) as Entry[] | null) ?? []);
  return stream.chunks.flatMap(({ at = 0, data, omitted }, index, chunks) => {
    if (omitted === undefined) return [{ at, data: data ?? '' }];
    const before = entriesOf(chunks[index - 1]?.data ?? '').at(-1)?.pos ?? -1;
    const after = entriesOf(chunks[index + 1]?.data ?? '').at(0)?.pos ?? before;
    return stored
      .filter(({ pos }) => pos > before && pos < after)
      .map((entry) => ({ at: omitted.from, data: `data: ${JSON.stringify(entry)}\n\n\n` }));
  });
}

/** A build as it must have been before the recorded cancel, where nobody looked at it then. */
export function beforeCancel(build: Unkillable): Unkillable {
  const alive = (item: Unkillable): Unkillable => {
    const was = item.status === 'killed' ? 'running' : item.status === 'skipped' ? 'pending' : item.status;
    return {
      ...item,
      status: was,
      ...('finished' in item ? { finished: 0 } : {}),
      ...(was !== item.status && 'stopped' in item ? { stopped: 0, exit_code: 0 } : {}),
      ...(item.steps ? { steps: item.steps.map(alive) } : {}),
      ...(item.stages ? { stages: item.stages.map(alive) } : {}),
    };
  };
  const before = alive(build);
  return before.stages?.every((stage) => stage.status === 'pending') ? { ...before, status: 'pending' } : before;
}
