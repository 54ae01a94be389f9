// The recordings of a real Drone (test/fixtures/drone), typed as far as the tests read them.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface RecordedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly as?: string;
}
export interface RecordedAnswer {
  readonly at: number;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The exact text; cut in the middle where it was long. */
  readonly body?: string;
  readonly json?: unknown;
}
export interface RecordedExchange {
  readonly kind: 'exchange';
  readonly at: number;
  readonly took: number;
  readonly request: RecordedRequest;
  readonly response?: RecordedAnswer;
  readonly failed?: string;
}
export interface RecordedPoll {
  readonly kind: 'poll';
  readonly at: number;
  readonly request: RecordedRequest;
  readonly answers: readonly (RecordedAnswer | { readonly at: number; readonly failed: string })[];
}
export interface RecordedStream {
  readonly kind: 'stream';
  readonly at: number;
  readonly request: RecordedRequest;
  readonly response: RecordedAnswer;
  readonly chunks: readonly {
    readonly at?: number;
    readonly data?: string;
    readonly omitted?: { readonly from: number };
  }[];
  readonly ended: { readonly at: number; readonly how: string };
}
export interface RecordedNote {
  readonly kind: 'note';
  readonly at: number;
  readonly note: string;
  readonly data?: unknown;
}
export interface Recording {
  readonly case: string;
  readonly items: readonly (RecordedExchange | RecordedPoll | RecordedStream | RecordedNote)[];
}

const folder = join(import.meta.dirname, '../fixtures/drone');

/** File names without `.json`. */
export const recordingNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))
  .toSorted();

const read = new Map<string, Recording>();

/** By name, or by the number that the name begins with. */
export function recording(name: string): Recording {
  const known = read.get(name);
  if (known !== undefined) return known;
  const found = recordingNames.find((one) => one === name || one.startsWith(`${name}-`));
  if (found === undefined) throw new Error(`there is no recording ${name}`);
  const parsed = JSON.parse(readFileSync(join(folder, `${found}.json`), 'utf8')) as Recording;
  read.set(name, parsed);
  return parsed;
}

/** What was answered to a path, at which time: exchanges and polls alike, in the order of their times. */
export function framesOf(
  of: Recording,
  method: string,
  path: string,
): readonly (RecordedAnswer | { at: number; failed: string })[] {
  return of.items
    .flatMap((item) => {
      if (item.kind !== 'exchange' && item.kind !== 'poll') return [];
      if (item.request.method !== method || item.request.path !== path) return [];
      if (item.kind === 'poll') return [...item.answers];
      if (item.failed !== undefined) return [{ at: item.at, failed: item.failed }];
      return item.response === undefined ? [] : [{ ...item.response, at: item.at }];
    })
    .toSorted((a, b) => a.at - b.at);
}

interface Item {
  readonly pos?: number;
  readonly omitted?: number;
}

/**
 * The JSON of an answer. Where the recording left out entries in the middle of a log, lines take their places that name
 * their position; what it left out of other lists is missing.
 */
export function jsonOf(answer: RecordedAnswer): unknown {
  const value: unknown = answer.json ?? (answer.body === undefined ? undefined : JSON.parse(answer.body));
  if (!Array.isArray(value)) return value;
  return (value as Item[]).flatMap((item, index, items) => {
    if (item.omitted === undefined) return [item];
    const before = items[index - 1]?.pos;
    if (before === undefined) return [];
    return Array.from({ length: item.omitted }, (_, nth) => ({
      pos: before + nth + 1,
      out: `entry ${before + nth + 1}, left out of the recording\n`,
      time: 0,
    }));
  });
}
