// Streams of a recording: opened when theirs was, looked at when theirs ended.

import { setTimeout as sleep } from 'node:timers/promises';
import { open, type OpenStream } from '../client.ts';
import { differences } from './compare.ts';
import type { Mover } from './mover.ts';
import { kinds, normalFrames, normalHeaders } from './normalise.ts';
import { isCutText, numberOf, slugOf, type Stream } from './recording.ts';
import type { Report } from './report.ts';
import { tokenOf } from './world.ts';

/** An answer that ended sooner was complete at once. */
const AT_ONCE_SECONDS = 0.02;
/** How long frames may take on loopback that are on their way already, on a busy machine. */
const MOMENT_MS = 5000;
/** How long the frames of one step of a build's life may take; a step may also bring none. */
const ARRIVAL_MS = 50;

function isLog(item: Stream): boolean {
  return numberOf(item.request.path) !== undefined;
}

function endedAtOnce({ at, ended }: Stream): boolean {
  return ended.how === 'the server ended the response' && ended.at - at < AT_ONCE_SECONDS;
}

/** Of a text that was cut, the frames beside each gap are not whole. */
function framesOf(text: string): string[] {
  const parts = text.split(/<omitted \d+ characters>/);
  return parts.flatMap((part, index) =>
    normalFrames(part).slice(index === 0 ? 0 : 1, index === parts.length - 1 ? undefined : -1),
  );
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
    const recorded = framesOf(chunks.map(({ data = '' }) => data).join(''));
    const leftOpen = ended.how === 'the recorder closed it';
    const missing = (): boolean => normalFrames(stream.text()).length < recorded.length;
    if (!isLog(item)) while (missing() && (await this.#mover.all(slugOf(request.path) ?? '')));
    else if (!leftOpen) while (stream.ended() === false && (await this.#mover.one(request.path)));
    else
      while (missing() && (await this.#mover.one(request.path)))
        await this.#moment(stream, () => !missing(), ARRIVAL_MS);
    await this.#moment(stream, (_text, over) => (leftOpen ? !missing() : over !== false), MOMENT_MS);
    this.#report.add(request, [
      ...differences(response?.status, stream.status, 'status'),
      ...differences(normalHeaders(response?.headers ?? {}), normalHeaders(stream.headers), 'headers'),
      ...differences(...this.#comparable(item, recorded, this.#seen(item, stream, recorded.length)), 'frames'),
      ...differences(leftOpen ? false : ended.how === 'connection broken' ? 'broken' : true, stream.ended(), 'ended'),
    ]);
    stream.close();
  }

  close(): void {
    for (const stream of this.#open.values()) stream.close();
  }

  /** Lines come in batches: of a step that runs on, what came after the recorder had left does not count. */
  #seen(item: Stream, stream: OpenStream, recorded: number): string[] {
    const frames = normalFrames(stream.text());
    const runsOn = item.ended.how === 'the recorder closed it' && isLog(item) && this.#mover.isAlive(item.request.path);
    return runsOn ? frames.slice(0, recorded) : frames;
  }

  /** Of a stream that was recorded in part, or was cut by the end of the server, the kinds of frames. */
  #comparable({ chunks, ended }: Stream, recorded: string[], simulated: string[]): [string[], string[]] {
    const cut = chunks.some(({ data = '', omitted }) => omitted !== undefined || isCutText(data));
    const partly = cut || ended.how === 'connection broken';
    return partly ? [kinds(recorded), kinds(simulated)] : [recorded, simulated];
  }

  async #moment(stream: OpenStream, check: Parameters<OpenStream['until']>[0], ms: number): Promise<void> {
    await Promise.race([stream.until(check).catch(() => undefined), sleep(ms)]);
  }
}
