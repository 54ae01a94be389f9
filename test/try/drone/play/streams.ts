// Streams of a recording: opened when theirs was, looked at when theirs ended.

import { setTimeout as sleep } from 'node:timers/promises';
import { open, type OpenStream } from '../client.ts';
import { differences } from './compare.ts';
import type { Mover } from './mover.ts';
import { kinds, normalFrames, normalHeaders } from './normalise.ts';
import { numberOf, slugOf, type Stream } from './recording.ts';
import type { Report } from './report.ts';
import { tokenOf } from './world.ts';

/** An answer that ended sooner was complete at once. */
const AT_ONCE_SECONDS = 0.02;
/** How long frames may take on loopback that are on their way already, on a busy machine. */
const MOMENT_MS = 5000;

function isLog(item: Stream): boolean {
  return numberOf(item.request.path) !== undefined;
}

function endedAtOnce({ at, ended }: Stream): boolean {
  return ended.how === 'the server ended the response' && ended.at - at < AT_ONCE_SECONDS;
}

export class Streams {
  readonly #open = new Map<Stream, OpenStream>();
  readonly #url: string;
  readonly #mover: Mover;
  readonly #report: Report;

  constructor(url: string, mover: Mover, report: Report) {
    this.#url = url;
    this.#mover = mover;
    this.#report = report;
  }

  /** Tries again, a step later, while the stream of a step that runs is not there, or ends that of one that has ended. */
  async open(item: Stream): Promise<void> {
    const { path, as } = item.request;
    for (;;) {
      const stream = await open(this.#url, path, as === undefined ? {} : { token: tokenOf(as) });
      this.#open.set(item, stream);
      await stream.until((text) => text !== '');
      if (stream.status === item.response?.status) {
        if (!isLog(item)) return;
        // Decided by the step, not by the clock; but after a restart the stream of a running step ends at once too.
        const alive = this.#mover.isAlive(path);
        if (!endedAtOnce(item) && alive) return;
        if (endedAtOnce(item)) await this.#moment(stream, (_text, ended) => ended !== false, alive ? 30 : MOMENT_MS);
        if (endedAtOnce(item) && stream.ended() === true) return;
      }
      if (!(await this.#mover.one(path))) return;
      stream.close();
    }
  }

  async end(item: Stream): Promise<void> {
    const stream = this.#open.get(item);
    if (stream === undefined) return;
    const { request, response, chunks, ended } = item;
    const recorded = normalFrames(chunks.map(({ data = '' }) => data).join(''));
    const leftOpen = ended.how === 'the recorder closed it';
    const missing = (): boolean => normalFrames(stream.text()).length < recorded.length;
    if (!isLog(item)) while (missing() && (await this.#mover.all(slugOf(request.path) ?? '')));
    else if (!leftOpen) while (stream.ended() === false && (await this.#mover.one(request.path)));
    await this.#moment(stream, (_text, over) => (leftOpen ? !missing() : over !== false), MOMENT_MS);
    this.#report.add(request, [
      ...differences(response?.status, stream.status, 'status'),
      ...differences(normalHeaders(response?.headers ?? {}), normalHeaders(stream.headers), 'headers'),
      ...differences(...this.#comparable(item, recorded, normalFrames(stream.text())), 'frames'),
      ...differences(leftOpen ? false : ended.how === 'connection broken' ? 'broken' : true, stream.ended(), 'ended'),
    ]);
    stream.close();
  }

  close(): void {
    for (const stream of this.#open.values()) stream.close();
  }

  /** Of a stream that was recorded in part, or was cut by the end of the server, the kinds of frames. */
  #comparable({ chunks, ended }: Stream, recorded: string[], simulated: string[]): [string[], string[]] {
    const partly = chunks.some(({ omitted }) => omitted !== undefined) || ended.how === 'connection broken';
    return partly ? [kinds(recorded), kinds(simulated)] : [recorded, simulated];
  }

  async #moment(stream: OpenStream, check: Parameters<OpenStream['until']>[0], ms: number): Promise<void> {
    await Promise.race([stream.until(check).catch(() => undefined), sleep(ms)]);
  }
}
