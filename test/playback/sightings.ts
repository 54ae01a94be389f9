// What a recording tells of one build, wherever it shows it: looks, lists, the event stream, answers to a cancel.

import { type Recording, jsonOf } from '../support/recordings.ts';

export interface SeenStep {
  readonly number: number;
  readonly name: string;
  readonly status: string;
  readonly started?: number;
  readonly stopped?: number;
}
export interface SeenStage {
  readonly number: number;
  readonly name: string;
  readonly status: string;
  readonly steps?: readonly SeenStep[];
}
export interface SeenBuild {
  readonly number: number;
  readonly status: string;
  readonly created?: number;
  readonly params?: Readonly<Record<string, string>>;
  readonly stages?: readonly SeenStage[];
}

export interface Sighting {
  readonly at: number;
  readonly how: 'look' | 'list' | 'event' | 'cancel' | 'answer';
  readonly build: SeenBuild;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isPart = (value: unknown): value is SeenStep =>
  isObject(value) &&
  typeof value['number'] === 'number' &&
  typeof value['name'] === 'string' &&
  typeof value['status'] === 'string';
const areParts = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.every(isPart));

/** A build with all that is read of it here; any other answer goes to the client as it is and tells nothing. */
export const isBuild = (value: unknown): value is SeenBuild =>
  isObject(value) &&
  typeof value['number'] === 'number' &&
  typeof value['status'] === 'string' &&
  typeof value['after'] === 'string' &&
  areParts(value['stages']) &&
  (value['stages'] as SeenStage[] | undefined)?.every(({ steps }) => areParts(steps)) !== false;

function buildsIn(json: unknown): readonly SeenBuild[] {
  if (Array.isArray(json)) return json.filter(isBuild);
  if (isBuild(json)) return [json];
  return isObject(json) && isBuild(json['build']) ? [json['build']] : [];
}

/** JSON of the `data:` lines of a stream. */
export function dataOf(text: string): readonly unknown[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('data: {')) return [];
    try {
      return [JSON.parse(line.slice('data: '.length)) as unknown];
    } catch {
      return [];
    }
  });
}

function how(method: string, path: string): Sighting['how'] {
  if (method === 'DELETE') return 'cancel';
  if (method !== 'GET') return 'answer';
  return /\/builds\/(?:\d+|latest)$/.test(path.split('?')[0] ?? '') ? 'look' : 'list';
}

/** In the order of their times. */
export function sightingsOf(from: Recording, repository: string, number: number): readonly Sighting[] {
  const found: Sighting[] = [];
  for (const item of from.items) {
    if (item.kind === 'note') continue;
    const { method, path } = item.request;
    if (!path.startsWith(`/api/repos/${repository}/`) && !path.startsWith('/api/stream')) continue;
    const add = (at: number, way: Sighting['how'], json: unknown): void => {
      if (isObject(json) && typeof json['slug'] === 'string' && json['slug'] !== repository) return;
      for (const build of buildsIn(json)) if (build.number === number) found.push({ at, how: way, build });
    };
    if (item.kind === 'stream')
      for (const { at = item.at, data = '' } of item.chunks) for (const json of dataOf(data)) add(at, 'event', json);
    else {
      const answers = item.kind === 'poll' ? item.answers : item.response ? [{ ...item.response, at: item.at }] : [];
      for (const answer of answers)
        if ('status' in answer && answer.status === 200) add(answer.at, how(method, path), jsonOf(answer));
    }
  }
  return found.toSorted((a, b) => a.at - b.at);
}

const unfinished: ReadonlySet<string> = new Set(['pending', 'running', 'waiting_on_dependencies', 'blocked']);
export const isOver = ({ status }: { readonly status: string }): boolean => !unfinished.has(status);
