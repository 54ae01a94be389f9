// Records a Drone (here the simulated one) in the form of test/fixtures/drone, so that the players are tried on
// recordings that nobody has seen: as their recorder did, it leaves out the middle of what is long.

import type { DroneScenario, SimulatedDrone } from '../../src/try/drone/index.ts';
import { startSimulatedDrone } from '../../src/try/drone/index.ts';
import { type OpenStream, ask, open } from '../try/drone/client.ts';

type Json = Record<string, unknown>;

const slug = 'octo/hello';
const token = (as: string): string => `token-of-${as}`;
const longestText = 2000;
const longestList = 50;
const kept = 25;

const cutList = <T>(list: readonly T[], gap: (left: readonly T[]) => unknown): readonly unknown[] =>
  list.length <= longestList ? list : [...list.slice(0, kept), gap(list.slice(kept, -kept)), ...list.slice(-kept)];

function cut(value: unknown): unknown {
  if (typeof value === 'string' && value.length > longestText + 100)
    return `${value.slice(0, 1000)}<omitted ${value.length - longestText} characters>${value.slice(-1000)}`;
  if (Array.isArray(value)) return cutList(value, (left) => ({ omitted: left.length })).map(cut);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cut(inner)]));
}

export class Recorder {
  readonly drone: SimulatedDrone;
  /** `/api/repos/octo/hello/builds` */
  readonly builds = `/api/repos/${slug}/builds`;
  readonly #began = performance.now();
  readonly #items: Json[] = [];

  constructor(drone: SimulatedDrone) {
    this.drone = drone;
  }

  /** Seconds since the recording began. */
  #now(): number {
    return Math.round(performance.now() - this.#began) / 1000;
  }

  async #answer(method: string, path: string, as: string): Promise<Json> {
    try {
      const { status, headers, body, json } = await ask(this.drone.url, path, { method, token: token(as) });
      return { response: { status, headers, body, ...(json === undefined ? {} : { json }) } };
    } catch (error) {
      return { failed: (error as { code?: string }).code ?? 'ECONNRESET' };
    }
  }

  async ask(method: string, path: string, as = 'bot'): Promise<void> {
    const item: Json = { kind: 'exchange', at: this.#now(), request: { method, path, as } };
    this.#items.push(item);
    const at = this.#now();
    Object.assign(item, await this.#answer(method, path, as));
    item['took'] = Math.round((this.#now() - at) * 1000) / 1000;
  }

  /** A new build of main. */
  async trigger(params = ''): Promise<void> {
    await this.ask('POST', `${this.builds}?branch=main&commit=${'4'.repeat(40)}${params}`);
  }

  /** The same GET until the answer fits; only answers that differ from the one before are kept. */
  async poll(path: string, fits: (json: Json) => boolean): Promise<void> {
    const answers: Json[] = [];
    this.#items.push({ kind: 'poll', at: this.#now(), request: { method: 'GET', path, as: 'bot' }, answers });
    for (const until = Date.now() + 20_000; Date.now() < until; ) {
      const at = this.#now();
      const { response, failed } = await this.#answer('GET', path, 'bot');
      const { at: _at, ...before } = answers.at(-1) ?? { at };
      const answer = response === undefined ? { failed } : { ...(response as Json) };
      if (JSON.stringify(before) !== JSON.stringify(answer)) answers.push({ at, ...answer });
      if (response !== undefined && fits((response as { json: Json }).json)) return;
      await pause(20);
    }
    throw new Error(`waited in vain for ${path}`);
  }

  /** Until the build of this number has ended. */
  ended(number: number): Promise<void> {
    const open = ['pending', 'running'];
    return this.poll(`${this.builds}/${number}`, ({ status }) => !open.includes(String(status)));
  }

  /** Until its first step runs. */
  running(number: number): Promise<void> {
    return this.poll(`${this.builds}/${number}`, ({ stages }) => JSON.stringify(stages).includes('"started":1'));
  }

  /** `close` leaves it; else it is recorded to its end. */
  async stream(path: string): Promise<{ readonly done: Promise<void>; readonly close: () => void }> {
    const chunks: { at: number; data: string }[] = [];
    const item: Json = { kind: 'stream', at: this.#now(), request: { method: 'GET', path, as: 'bot' }, chunks };
    this.#items.push(item);
    const stream: OpenStream = await open(this.drone.url, path, { token: token('bot') });
    item['response'] = { status: stream.status, headers: stream.headers };
    let seen = 0;
    const done = stream.until((text, over) => {
      if (text.length > seen) chunks.push({ at: this.#now(), data: text.slice(seen) });
      seen = text.length;
      if (over === false) return false;
      item['ended'] ??= { at: this.#now(), how: over === true ? 'the server ended the response' : 'connection broken' };
      return true;
    });
    const close = (): void => {
      item['ended'] ??= { at: this.#now(), how: 'the recorder closed it' };
      stream.close();
    };
    return { done, close };
  }

  async log(...steps: readonly string[]): Promise<void> {
    for (const step of steps) await this.ask('GET', `${this.builds}/1/logs/${step}`);
  }

  note(note: string): void {
    this.#items.push({ kind: 'note', at: this.#now(), note });
  }

  text(name: string): string {
    const items = this.#items.map((item) => {
      const { chunks } = item as { chunks?: readonly { at: number; data: string }[] };
      if (chunks === undefined) return item;
      const gap = (left: typeof chunks): unknown => ({ omitted: { chunks: left.length, from: left[0]?.at ?? 0 } });
      return { ...item, chunks: cutList(chunks, gap) };
    });
    return JSON.stringify({ case: name, driver: 'github', items: cut(items) }, null, 1);
  }
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** The text of a recording. */
export async function record(
  name: string,
  scenario: DroneScenario,
  play: (recorder: Recorder) => Promise<void>,
): Promise<string> {
  const drone = await startSimulatedDrone({
    users: [
      { login: 'octo', token: token('octo'), admin: true, own: [slug] },
      { login: 'bot', token: token('bot'), write: [slug] },
      { login: 'reader', token: token('reader'), read: [slug] },
    ],
    repositories: [{ slug, scenario }],
  });
  try {
    const recorder = new Recorder(drone);
    await play(recorder);
    return recorder.text(name);
  } finally {
    await drone.close();
  }
}
