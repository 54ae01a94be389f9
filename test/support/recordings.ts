// The recordings of a real Drone (test/fixtures/drone), typed as far as the tests read them.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ParsedItem, parseItems } from './recording-schema.ts';

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

// By the root, which is two folders up from here as from the built commands.
const folder = fileURLToPath(new URL('../../test/fixtures/drone', import.meta.url));

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
  const parsed = parseRecording(readFileSync(join(folder, `${found}.json`), 'utf8'));
  read.set(name, parsed);
  return parsed;
}

/** @throws {Error} when the text is no recording */
export function parseRecording(text: string): Recording {
  const { case: name, items } = parseItems(text);
  return { case: name, items: items.map(itemOf) };
}

function itemOf(item: ParsedItem): Recording['items'][number] {
  const { at } = item;
  if (item.kind === 'note') return { ...item, note: item.note ?? '' };
  if (item.kind === 'poll')
    return {
      ...item,
      answers: item.answers.map(({ status, failed, ...one }) =>
        status === undefined ? { at: one.at, failed: failed ?? 'no answer was recorded' } : { ...one, status },
      ),
    };
  if (item.kind === 'stream') return { ...item, response: { ...item.response, at } };
  const { response, failed, ...rest } = item;
  if (response === undefined) return { ...rest, failed: failed ?? 'no answer was recorded' };
  return { ...rest, response: { ...response, at } };
}

export type Frame = RecordedAnswer | { readonly at: number; readonly failed: string };

/** What was answered to a path, at which time, and to whom: exchanges and polls alike, in the order of their times. */
export function framesOf(of: Recording, method: string, path: string, as?: string): readonly Frame[] {
  return of.items
    .flatMap((item): readonly Frame[] => {
      if (item.kind !== 'exchange' && item.kind !== 'poll') return [];
      if (item.request.method !== method || item.request.path !== path) return [];
      if (as !== undefined && item.request.as !== as) return [];
      if (item.kind === 'poll') return [...item.answers];
      if (item.failed !== undefined) return [{ at: item.at, failed: item.failed }];
      return item.response === undefined ? [] : [{ ...item.response, at: item.at }];
    })
    .toSorted((a, b) => a.at - b.at);
}

interface Entry {
  readonly pos?: number;
  readonly out?: string;
  readonly omitted?: number;
}

/** An entry whose text the recording left out. */
const leftOut = (pos: number): Entry & { readonly pos: number; readonly time: number } => ({
  pos,
  out: `entry ${pos}, left out of the recording\n`,
  time: 0,
});

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

export const isCut = (text: string): boolean => /<omitted \d+ characters>/.test(text);

/** A text whose middle was left out of the recording, with as many other characters in its place. */
const filled = (text: string): string =>
  text.replace(/<omitted (\d+) characters>/, (_all, count: string) => '.'.repeat(Math.min(Number(count), 1_000_000)));

/**
 * The JSON of an answer; undefined: it has none. Where the recording left out entries in the middle of a log, lines take
 * their places that name their position; what it left out of other lists is missing.
 */
export function jsonOf(answer: RecordedAnswer): unknown {
  const value: unknown = answer.json ?? parsed(answer.body);
  if (!Array.isArray(value)) return value;
  return (value as (Entry | null)[]).flatMap((item, index, items) => {
    if (item?.omitted === undefined)
      return [typeof item?.out === 'string' && isCut(item.out) ? { ...item, out: filled(item.out) } : item];
    const before = items[index - 1]?.pos;
    if (before === undefined) return [];
    return Array.from({ length: item.omitted }, (_, nth) => leftOut(before + nth + 1));
  });
}
