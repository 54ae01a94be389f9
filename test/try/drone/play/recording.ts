// Recordings of a real Drone, as they lie in test/fixtures/drone: what was asked, what came back, when.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseItems } from '../../../support/recording-schema.ts';

/** No server takes a longer path. */
const LONGEST_GAP = 60_000;

export interface RecordedRequest {
  method: string;
  path: string;
  /** Who asked; absent: without a token. */
  as?: string;
  body?: string;
}

export interface RecordedResponse {
  status: number;
  headers?: Record<string, string>;
  body?: string;
  json?: unknown;
}

export interface Exchange {
  kind: 'exchange';
  at: number;
  request: RecordedRequest;
  response?: RecordedResponse;
  /** No answer, and why. */
  failed?: string;
}

export interface Poll {
  kind: 'poll';
  at: number;
  request: RecordedRequest;
  answers: (Partial<RecordedResponse> & { at: number; failed?: string })[];
}

export interface Stream {
  kind: 'stream';
  at: number;
  request: RecordedRequest;
  response?: RecordedResponse;
  chunks: { at?: number; data?: string; omitted?: unknown }[];
  ended: { at: number; how: string };
}

export interface Note {
  kind: 'note';
  at: number;
  note?: string;
}

export type Item = Exchange | Poll | Stream | Note;

export interface Recording {
  /** The file's name without `.json`. */
  name: string;
  items: Item[];
}

/** All recordings of a folder, by name. */
export function recordingsIn(folder: string): Recording[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => recordingOf(file, readFileSync(join(folder, file), 'utf8')));
}

/** @throws {Error} when the text is no recording */
export function recordingOf(file: string, text: string): Recording {
  return { name: file.slice(0, -'.json'.length), items: parseItems(text).items };
}

/** `owner/name` of a path of the API; undefined: it is about no repository. */
export function slugOf(path: string): string | undefined {
  const found = /^\/api\/(?:repos|stream)\/([^/?]+)\/([^/?]+)/.exec(path);
  return found === null ? undefined : `${found[1] ?? ''}/${found[2] ?? ''}`;
}

/** Number of the build that a path is about. */
export function numberOf(path: string): number | undefined {
  const found = /^\/api\/(?:repos\/[^/]+\/[^/]+\/builds|stream\/[^/]+\/[^/]+)\/(\d+)/.exec(path);
  return found === null ? undefined : Number(found[1]);
}

export function queryOf(path: string): URLSearchParams {
  return new URLSearchParams(path.split('?').slice(1).join('?'));
}

/** A path whose middle a recorder left out: the character before the gap fills it. */
export function filled(path: string): string {
  return path.replace(/(.)<omitted (\d+) characters>/, (_all, before: string, count: string) =>
    before.repeat(1 + Math.min(Number(count), LONGEST_GAP)),
  );
}

/** Whether a recorder left out the middle of this text. */
export function isCutText(text: string): boolean {
  return /<omitted \d+ characters>/.test(text);
}
