// A recording may hold several builds; each is a story of its own, from the POST that made it on.

import {
  type RecordedAnswer,
  type RecordedExchange,
  type Recording,
  framesOf,
  isCut,
  jsonOf,
  recording,
} from './recordings.ts';

/** `build`: a trigger; the others make a new build of an old one. */
export type StoryKind = 'build' | 'promote' | 'rollback' | 'restart';

export interface Story {
  readonly kind: StoryKind;
  readonly recording: Recording;
  readonly exchange: RecordedExchange;
  readonly at: number;
  /** Whose token it was; absent: none. */
  readonly as: string | undefined;
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

interface Listed {
  readonly number: number;
  readonly params?: Readonly<Record<string, string>>;
}

export const buildPath = (story: Story, number: number): string => `/api/repos/${story.repository}/builds/${number}`;

const sameText = (a: string, b: string): boolean => {
  if (!isCut(a) && !isCut(b)) return a === b;
  // Of two texts that were cut, or of one, the beginning has to do.
  const [first = '', second = ''] = [a, b].map((text) => text.split('<omitted ')[0] ?? '');
  return first.startsWith(second) || second.startsWith(first);
};

/** Whether two sets of parameters are the same, as far as the recorder left them whole. */
export function sameParams(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameText(a[key] ?? '', b[key] ?? ''))
  );
}

/** Lists of builds that were recorded whole: the first page of all. */
export function listsOf(from: Recording, repository: string): readonly RecordedAnswer[] {
  const base = `/api/repos/${repository}/builds`;
  return from.items.flatMap((item) => {
    if (item.kind !== 'exchange' || item.request.method !== 'GET' || item.response?.status !== 200) return [];
    const { pathname, searchParams } = new URL(item.request.path, 'http://drone');
    const first = !['2', '3', '4', '5'].includes(searchParams.get('page') ?? '1');
    if (pathname !== base || !first || searchParams.has('branch') || searchParams.has('tag')) return [];
    return [{ ...item.response, at: item.at }];
  });
}

/** Of a trigger whose answer was lost, the build that the list shows. */
function listedNumber(
  from: Recording,
  repository: string,
  params: Readonly<Record<string, string>>,
): number | undefined {
  if (Object.keys(params).length === 0) return undefined;
  const builds = listsOf(from, repository).flatMap((list) => (jsonOf(list) as (Listed | null)[] | null) ?? []);
  return builds.find((build) => sameParams(build?.params ?? {}, params))?.number;
}

const postPath = /^\/api\/repos\/([^/]+\/[^/]+)\/builds(?:\/\d+(?:\/(promote|rollback))?)?$/;

function kindOf(path: string, action: string | undefined): StoryKind {
  if (action === 'promote' || action === 'rollback') return action;
  return path.endsWith('/builds') ? 'build' : 'restart';
}

function storyOf(from: Recording, item: RecordedExchange): Story | undefined {
  const url = new URL(item.request.path, 'http://drone');
  const [, repository, action] = postPath.exec(url.pathname) ?? [];
  if (item.request.method !== 'POST' || repository === undefined) return undefined;
  // Drone takes the first of several values (recording 18).
  const {
    branch = '',
    commit,
    access_token: _token,
    ...params
  } = Object.fromEntries([...url.searchParams].toReversed());
  const body = item.response?.status === 200 ? jsonOf(item.response) : undefined;
  const answered = (body as Partial<Listed> | null | undefined)?.number;
  const kind = kindOf(url.pathname, action);
  // A new build of an old one that was refused is no story: there is nothing to follow.
  if (kind !== 'build' && answered === undefined) return undefined;
  return {
    kind,
    recording: from,
    exchange: item,
    at: item.at,
    as: item.request.as,
    repository,
    path: item.request.path,
    branch,
    commit: commit === '' ? undefined : commit,
    params,
    number: item.response === undefined ? listedNumber(from, repository, params) : answered,
  };
}

/** Every story of a recording, whoever began it, in order. */
export function allStoriesOf(from: Recording): readonly Story[] {
  return from.items.flatMap((item) => (item.kind === 'exchange' ? (storyOf(from, item) ?? []) : []));
}

/** The triggers that a recording's `bot` sent. */
export const storiesOf = (name: string): readonly Story[] =>
  allStoriesOf(recording(name)).filter(({ as, kind }) => as === 'bot' && kind === 'build');

export const deletesOf = (
  story: Story,
): readonly (RecordedAnswer | { readonly at: number; readonly failed: string })[] =>
  story.number === undefined
    ? []
    : framesOf(story.recording, 'DELETE', buildPath(story, story.number)).filter(({ at }) => at >= story.at);
