// Logs as they were recorded. Recorders leave out the middle of a long one, of streams and of stored logs each in its own
// way; so that both sides of a comparison know the same lines, what one lacks is taken from the other.

import { type RecordedAnswer, type Recording, isCut, jsonOf } from '../support/recordings.ts';
import { dataOf } from './sightings.ts';

export interface Entry {
  readonly pos: number;
  readonly out: string;
}

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' &&
  value !== null &&
  'pos' in value &&
  typeof value.pos === 'number' &&
  'out' in value &&
  typeof value.out === 'string';

/** Entries of the `data:` lines of a piece of a stream. */
export const entriesOf = (data = ''): readonly Entry[] => dataOf(data).filter(isEntry);

const logPath = /^\/api\/repos\/([^/]+\/[^/]+)\/builds\/(\d+)\/logs\/(\d+\/\d+)$/;

/** The path of a step's live stream as that of its stored log. */
export const storedPathOf = (streamPath: string): string =>
  streamPath.replace(/^\/api\/stream\/([^/]+\/[^/]+)\/(\d+)\/(\d+\/\d+)$/, '/api/repos/$1/builds/$2/logs/$3');

/** By position, what the live streams of a step showed whole. */
function streamed(from: Recording, path: string): ReadonlyMap<number, Entry> {
  const found = new Map<number, Entry>();
  for (const item of from.items) {
    if (item.kind !== 'stream' || storedPathOf(item.request.path) !== path) continue;
    for (const { data = '' } of item.chunks)
      if (!isCut(data)) for (const entry of entriesOf(data)) found.set(entry.pos, entry);
  }
  return found;
}

/**
 * Where nobody asked for a step's stored log, Drone must have had what its stream showed to the end; undefined: no
 * stream did.
 */
export function supposedLog(from: Recording, path: string): readonly Entry[] | undefined {
  const whole = from.items.some(
    (item) =>
      item.kind === 'stream' &&
      storedPathOf(item.request.path) === path &&
      item.ended.how === 'the server ended the response',
  );
  const entries = [...streamed(from, path).values()].toSorted((a, b) => a.pos - b.pos);
  return whole && entries.length > 0 && logPath.test(path) ? entries : undefined;
}

/** The JSON of an answer; of a stored log with the entries that only a stream showed. */
export function answerJson(from: Recording, path: string, answer: RecordedAnswer): unknown {
  const json = jsonOf(answer);
  if (!Array.isArray(json) || !logPath.test(path)) return json;
  const raw: readonly unknown[] = Array.isArray(answer.json) ? answer.json : [];
  const kept = new Set(raw.filter(isEntry).map(({ pos }) => pos));
  if (kept.size === json.length) return json;
  const live = streamed(from, path);
  return json.filter(isEntry).map((entry) => (kept.has(entry.pos) ? entry : (live.get(entry.pos) ?? entry)));
}
