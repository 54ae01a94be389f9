// A collection as it is now and as it goes on: listed once, then watched from that version on. A watch that ends goes on
// from the last version seen; a version that the server has forgotten (410) means listing anew.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import type { KubernetesAccess } from './access.ts';
import { type KubernetesClient, pauseBefore } from './client.ts';
import { KubernetesError, isStatus } from './kubernetes-error.ts';
import { listAll, metaOf } from './list.ts';
import { type KubernetesCall, asKubernetesError, readText, refusedError, send } from './request.ts';

export interface WatchOptions<T> {
  /** `/api/v1/namespaces/NS/pods`. */
  readonly path: string;
  readonly labelSelector: string;
  /** @throws an error: not of the expected shape, the object is left out */
  readonly read: (object: unknown) => T;
  readonly log: Logger;
  readonly timing: WatchTiming;
}

/** Milliseconds. */
export interface WatchTiming {
  /** One call of the list. */
  readonly call: number;
  /** Life of one watch, which the server ends. */
  readonly watch: number;
  /** How much later than that the connection counts as dead. */
  readonly grace: number;
  /** A watch that ends sooner than this is not begun again at once. */
  readonly short: number;
}

export const defaultWatchTiming: WatchTiming = { call: 10_000, watch: 60_000, grace: 10_000, short: 1_000 };

export interface Watch<T> {
  /** undefined: there is none of this name, as far as is known. */
  get(name: string): T | undefined;
  /** Whether a list was read and nothing has failed since. */
  fresh(): boolean;
  /** Resolves at the next change of this name, or after `limit` milliseconds. */
  changed(name: string, limit: number): Promise<void>;
  stop(): void;
}

const maxLine = 8_388_608;
const gone = 410;

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void, void> {
  let rest = '';
  for await (const chunk of chunks) {
    rest += chunk.toString('latin1');
    if (rest.length > maxLine) throw new Error('a watch event is too large');
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield Buffer.from(line, 'latin1').toString('utf8');
  }
}

export function watch<T>(client: KubernetesClient, options: WatchOptions<T>): Watch<T> {
  const { path, labelSelector, read, log, timing } = options;
  const access: KubernetesAccess = client.access;
  const known = new Map<string, T>();
  const waiting = new Map<string, Set<() => void>>();
  const stopped = new AbortController();
  let fresh = false;

  function tell(name: string): void {
    for (const wake of waiting.get(name) ?? []) wake();
  }

  function keep(object: unknown): void {
    const { name } = metaOf(object);
    try {
      known.set(name, read(object));
    } catch (err) {
      log.error({ err, name }, 'an object of the cluster is not understood');
      known.delete(name);
    }
    tell(name);
  }

  async function list(): Promise<string> {
    const { items, version } = await listAll(client, path, labelSelector, timing.call);
    const names = new Set(items.map((item) => metaOf(item).name));
    for (const name of known.keys())
      if (!names.has(name)) {
        known.delete(name);
        tell(name);
      }
    for (const item of items) keep(item);
    return version;
  }

  /** @returns the last version seen; empty: the server has forgotten it */
  function take(line: string): string {
    const event = JSON.parse(line) as { readonly type?: unknown; readonly object?: unknown };
    const { name, version: next } = metaOf(event.object);
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        keep(event.object);
        return next;
      case 'DELETED':
        known.delete(name);
        tell(name);
        return next;
      case 'BOOKMARK':
        return next;
      default:
        // ERROR, nearly always with the code 410. Whatever it is: begin anew.
        return '';
    }
  }

  async function follow(from: string): Promise<string> {
    let version = from;
    const query = new URLSearchParams({
      labelSelector,
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: version,
      timeoutSeconds: String(Math.ceil(timing.watch / 1000)),
    });
    const limit = timing.watch + timing.grace;
    const call: KubernetesCall = { method: 'GET', path: `${path}?${query.toString()}`, limit };
    const ended = new AbortController();
    let late = false;
    const end = (): void => ended.abort();
    const timer = setTimeout(() => {
      late = true;
      end();
    }, limit);
    stopped.signal.addEventListener('abort', end);
    try {
      const answer = await send(access, call, ended.signal);
      try {
        if (answer.statusCode === gone) return '';
        if (answer.statusCode !== 200) throw refusedError(answer, await readText(answer, call), call);
        fresh = true;
        for await (const line of linesOf(answer as AsyncIterable<Buffer>)) {
          if (line === '') continue;
          version = take(line);
          if (version === '') return '';
        }
        return version;
      } finally {
        answer.destroy();
      }
    } catch (error) {
      if (stopped.signal.aborted || isStatus(error, gone)) return '';
      throw asKubernetesError(error, call, late);
    } finally {
      clearTimeout(timer);
      stopped.signal.removeEventListener('abort', end);
    }
  }

  const rest = (tries: number, after: Pick<KubernetesError, 'retryAfter'>): Promise<void> =>
    sleep(pauseBefore(tries, after, Math.random()), undefined, { ref: false });

  async function run(): Promise<void> {
    let version = '';
    let failures = 0;
    let short = 0;
    while (!stopped.signal.aborted) {
      try {
        if (version === '') version = await list();
        const began = performance.now();
        version = await follow(version);
        if (failures > 0) log.info({ path }, 'the cluster can be watched again');
        failures = 0;
        // A server on its way down, or one that forgets at once, is not asked without a pause.
        short = performance.now() - began < timing.short ? short + 1 : 0;
        if (short > 1 && !stopped.signal.aborted) await rest(short, { retryAfter: null });
      } catch (error) {
        if (stopped.signal.aborted) return;
        fresh = false;
        // What happened meanwhile is not known: the list tells.
        version = '';
        if (failures === 0) log.error({ err: error }, 'the cluster cannot be watched at the moment');
        await rest(failures, error instanceof KubernetesError ? error : { retryAfter: null });
        failures++;
      }
    }
  }

  void run();
  return {
    get: (name) => known.get(name),
    fresh: () => fresh,
    async changed(name, limit) {
      const wakers = waiting.get(name) ?? new Set();
      waiting.set(name, wakers);
      let wake: () => void = () => undefined;
      const woken = new Promise<void>((done) => {
        wake = done;
        wakers.add(wake);
      });
      const timer = setTimeout(wake, limit);
      await woken;
      clearTimeout(timer);
      wakers.delete(wake);
      if (wakers.size === 0) waiting.delete(name);
    },
    stop() {
      stopped.abort();
    },
  };
}
