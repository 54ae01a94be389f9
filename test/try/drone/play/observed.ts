// What a recording tells of each build: its states, in order, and the log of each step.

import { isCutText, type Item, numberOf, type RecordedResponse, type Recording, slugOf } from './recording.ts';

export interface ObservedStep {
  number: number;
  name: string;
  status: string;
  exit_code: number;
  error?: string;
  errignore?: boolean;
}

export interface ObservedStage {
  number: number;
  name: string;
  type: string;
  status: string;
  error?: string;
  exit_code: number;
  machine?: string;
  os: string;
  arch: string;
  on_failure: boolean;
  limit?: number;
  depends_on?: string[];
  labels?: Record<string, string>;
  steps?: ObservedStep[];
}

export interface ObservedBuild {
  number: number;
  parent?: number;
  status: string;
  error?: string;
  event: string;
  action: string;
  message: string;
  after: string;
  ref: string;
  trigger: string;
  sender: string;
  params?: Record<string, string>;
  deploy_to?: string;
  stages?: ObservedStage[];
}

export interface Observed {
  /** Every state that was seen, oldest first; of several at once the order of the recording. */
  states: { at: number; build: ObservedBuild }[];
  /** Whether a list was the first to show it. */
  firstListed: boolean;
  /** Whether a request of this recording made it. */
  madeHere: boolean;
  /** `stage/step` to its entries by `pos`. */
  logs: Map<string, Map<number, string>>;
  /** `stage/step` to the `pos` with which its stored log begins; above 0: the runner had dropped what came before. */
  firstStored: Map<string, number>;
  /** `stage/step` of live logs that were there. */
  streamed: Set<string>;
  /** Stages that were approved or declined, by number; `*`: all. */
  decided: Set<string>;
  /** Whether a request that is about it was answered as only a build that is there is answered. */
  implied: boolean;
  /** Whether a cancel was answered by 409. */
  conflict: boolean;
  /** Steps whose stored log was asked for and was not there, with the last time. */
  withoutLog: Map<string, number>;
}

export interface ObservedRepository {
  /** The first description; undefined: none was recorded. */
  first?: Record<string, unknown>;
  firstAt?: number;
  builds: Map<number, Observed>;
}

type Json = unknown;

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBuild(value: Json): value is Record<string, Json> & ObservedBuild {
  return isObject(value) && 'repo_id' in value && 'after' in value;
}

/** Two cancels at the same moment (README of the recordings, trap 18). */
export function isConflict(method: string, { status }: Partial<RecordedResponse>): boolean {
  return method === 'DELETE' && status === 409;
}

/** The frames' JSON of an event stream or a live log. */
function dataOf(item: Item): { at: number; json: Json }[] {
  if (item.kind !== 'stream') return [];
  return item.chunks.flatMap(({ at = item.at, data = '' }) =>
    [...data.matchAll(/^data: (\{.*\})$/gm)].flatMap((found) => {
      // Recorders cut long texts in the middle, a frame of a stream too.
      if (isCutText(found[1] ?? '')) return [];
      return [{ at, json: JSON.parse(found[1] ?? '') as Json }];
    }),
  );
}

function answersOf(item: Item): { at: number; response: Partial<RecordedResponse> }[] {
  if (item.kind === 'exchange') return item.response === undefined ? [] : [{ at: item.at, response: item.response }];
  if (item.kind === 'poll') return item.answers.map((response) => ({ at: response.at, response }));
  return [];
}

const newlyObserved = (): Observed => ({
  states: [],
  firstListed: false,
  madeHere: false,
  conflict: false,
  streamed: new Set(),
  decided: new Set(),
  implied: false,
  logs: new Map(),
  firstStored: new Map(),
  withoutLog: new Map(),
});

export class Observations {
  readonly repositories = new Map<string, ObservedRepository>();

  constructor(recording: Recording) {
    for (const item of recording.items) {
      if (item.kind === 'note') continue;
      const { path, method } = item.request;
      for (const { at, response } of answersOf(item)) {
        const slug = slugOf(path);
        const values = Array.isArray(response.json) ? (response.json as Json[]) : [response.json];
        for (const value of values) this.#take(slug, at, value, method === 'POST', Array.isArray(response.json));
        if (slug !== undefined) this.#takeLog(slug, at, path, response);
        if (slug !== undefined) this.#takeDeed(slug, method, path, response);
      }
      this.#takeStream(item);
      for (const { at, json } of dataOf(item)) {
        if (isObject(json) && typeof json.slug === 'string') this.#describe(json.slug, at, json);
        this.#take(slugOf(path), at, isObject(json) && isObject(json.build) ? json.build : json, false);
        if (isObject(json) && 'pos' in json) this.#entries(slugOf(path) ?? '', path, [json]);
      }
    }
    for (const { builds } of this.repositories.values()) {
      for (const { states } of builds.values()) states.sort((a, b) => a.at - b.at);
    }
  }

  repository(slug: string): ObservedRepository {
    const known = this.repositories.get(slug) ?? { builds: new Map<number, Observed>() };
    this.repositories.set(slug, known);
    return known;
  }

  build(slug: string, number: number): Observed {
    const { builds } = this.repository(slug);
    const known = builds.get(number) ?? newlyObserved();
    builds.set(number, known);
    return known;
  }

  #take(slug: string | undefined, at: number, value: Json, posted: boolean, listed = false): void {
    if (isObject(value) && typeof value.slug === 'string') this.#describe(value.slug, at, value);
    if (slug === undefined || !isBuild(value)) return;
    const seen = this.build(slug, value.number);
    if (seen.states.every((state) => at < state.at)) seen.firstListed = listed;
    seen.states.push({ at, build: value });
    seen.madeHere ||= posted;
  }

  #takeStream(item: Item): void {
    if (item.kind !== 'stream' || item.response?.status !== 200) return;
    const number = numberOf(item.request.path);
    const step = /\/(\d+\/\d+)$/.exec(item.request.path)?.[1];
    if (number === undefined || step === undefined) return;
    this.build(slugOf(item.request.path) ?? '', number).streamed.add(step);
  }

  /** What was done to a build, whatever was seen of it. */
  #takeDeed(slug: string, method: string, path: string, response: Partial<RecordedResponse>): void {
    const number = numberOf(path);
    const { status = 0 } = response;
    if (number === undefined || method === 'GET' || status === 401 || status === 404) return;
    const build = this.build(slug, number);
    build.implied = true;
    if (isConflict(method, response)) build.conflict = true;
    const [, stage = '*'] = /\/(?:approve|decline)(?:\/(\d+))?$/.exec(path.split('?')[0] ?? '') ?? [];
    if (status === 204) build.decided.add(stage);
  }

  #describe(slug: string, at: number, value: Record<string, unknown>): void {
    const known = this.repository(slug);
    if (known.first !== undefined && (known.firstAt ?? 0) <= at) return;
    Object.assign(known, { first: value, firstAt: at });
  }

  #takeLog(slug: string, at: number, path: string, { json }: Partial<RecordedResponse>): void {
    const step = /\/logs\/(\d+\/\d+)$/.exec(path)?.[1];
    const number = numberOf(path);
    if (step === undefined || number === undefined) return;
    const said = isObject(json) ? json.message : undefined;
    if (said === 'sql: no rows in result set') this.build(slug, number).withoutLog.set(step, at);
    else if (Array.isArray(json)) {
      const [first] = json as Json[];
      if (isObject(first) && typeof first.pos === 'number') this.build(slug, number).firstStored.set(step, first.pos);
      this.#entries(slug, path, json as Json[]);
    }
  }

  #entries(slug: string, path: string, entries: readonly Json[]): void {
    const step = /\/(\d+\/\d+)$/.exec(path)?.[1];
    const number = numberOf(path);
    if (step === undefined || number === undefined) return;
    const { logs } = this.build(slug, number);
    const log = logs.get(step) ?? new Map<number, string>();
    logs.set(step, log);
    for (const entry of entries) {
      if (isObject(entry) && typeof entry.pos === 'number' && typeof entry.out === 'string')
        log.set(entry.pos, entry.out);
    }
  }
}
