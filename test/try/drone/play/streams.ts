// Streams of a recording: opened when theirs was, looked at when theirs ended.

import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatedDrone } from '../../../../src/try/drone/index.ts';
import { open, type OpenStream } from '../client.ts';
import { differences } from './compare.ts';
import type { Mover } from './mover.ts';
import { kinds, normalFrames, normalHeaders } from './normalise.ts';
import type { Observations } from './observed.ts';
import { tokenOf } from './people.ts';
import { isCutText, numberOf, slugOf, type Stream } from './recording.ts';
import type { Report } from './report.ts';

/** An answer that ended sooner was complete at once. */
const AT_ONCE_SECONDS = 0.02;
/** How long frames may take on loopback that are on their way already, on a busy machine. */
const MOMENT_MS = 5000;
/** How long the frames of one step of a build's life may take where nobody knows how many will come. */
const ARRIVAL_MS = 50;
/** So many are all shown. */
const FEW_ENTRIES = 2000;

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

interface Setting {
  readonly drone: SimulatedDrone;
  readonly seen: Observations;
  readonly mover: Mover;
  readonly report: Report;
}

/** `pos` of the entry that a frame holds; none: it holds none. */
function positionOf(frame: string): number[] {
  const found = /^data: \{"pos":(\d+),/.exec(frame);
  return found === null ? [] : [Number(found[1])];
}

export class Streams {
  readonly #open = new Map<Stream, OpenStream>();
  readonly #drone: SimulatedDrone;
  readonly #seen: Observations;
  readonly #mover: Mover;
  readonly #report: Report;

  constructor({ drone, seen, mover, report }: Setting) {
    this.#drone = drone;
    this.#seen = seen;
    this.#mover = mover;
    this.#report = report;
  }

  /** Tries again, a step later, while the stream of a step that runs is not there, or ends that of one that has ended. */
  async open(item: Stream): Promise<void> {
    const { path, as } = item.request;
    for (;;) {
      const stream = await open(this.#drone.url, path, as === undefined ? {} : { token: tokenOf(as) });
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
    const broken = ended.how === 'connection broken';
    if (!isLog(item)) while (missing() && (await this.#mover.all(slugOf(request.path) ?? '')));
    else if (!leftOpen && !broken) while (stream.ended() === false && (await this.#mover.one(request.path)));
    else await this.#catchUp(item, stream, recorded.length);
    // Nobody need have noted that the server went.
    if (broken && stream.ended() === false) await this.#drone.restart();
    await this.#moment(stream, (_text, over) => (leftOpen ? !missing() : over !== false), MOMENT_MS);
    this.#report.add(request, [
      ...differences(response?.status, stream.status, 'status'),
      ...(response?.headers === undefined
        ? []
        : differences(normalHeaders(response.headers), normalHeaders(stream.headers), 'headers')),
      ...differences(...this.#comparable(item, recorded, normalFrames(stream.text())), 'frames'),
      ...differences(leftOpen ? false : broken ? 'broken' : true, stream.ended(), 'ended'),
    ]);
    stream.close();
  }

  /** Before the server goes: what was recorded of the streams that it cuts has to be there. */
  async beforeEnd(): Promise<void> {
    for (const [item, stream] of this.#open)
      if (isLog(item) && item.ended.how === 'connection broken')
        await this.#catchUp(item, stream, framesOf(item.chunks.map(({ data = '' }) => data).join('')).length);
  }

  /** Until a stream of a log shows this many frames, or will never. */
  async #catchUp(item: Stream, stream: OpenStream, recorded: number): Promise<void> {
    const missing = (): boolean => stream.ended() === false && normalFrames(stream.text()).length < recorded;
    while (missing() && (await this.#mover.one(item.request.path))) await this.#arrival(item, stream);
  }

  /** Until the stream shows as many entries as the step has; of very many some are lost on their way. */
  async #arrival({ request }: Stream, stream: OpenStream): Promise<void> {
    const entries = this.#mover.entriesOf(request.path);
    const came = (text: string): boolean => text.split('\ndata: {').length - 1 >= entries;
    await this.#moment(stream, came, entries > FEW_ENTRIES ? ARRIVAL_MS : MOMENT_MS);
  }

  close(): void {
    for (const stream of this.#open.values()) stream.close();
  }

  /**
   * Of a stream that was recorded in part, was cut by the end of the server, or fell silent because the runner had dropped the
   * log's beginning (recording 41), the kinds of frames. What a stream lost on its way (40, 49) is no difference, so far as the
   * stored log has it. Lines come in batches: of a step that runs on, what came after the recorder had left does not count.
   */
  #comparable(item: Stream, recorded: string[], simulated: string[]): [string[], string[]] {
    const { request, chunks, ended } = item;
    const number = numberOf(request.path);
    const build = number === undefined ? undefined : this.#seen.build(slugOf(request.path) ?? '', number);
    const step = request.path.split('/').slice(-2).join('/');
    const cut = chunks.some(({ data = '', omitted }) => omitted !== undefined || isCutText(data));
    const partly = cut || ended.how === 'connection broken' || (build?.firstStored.get(step) ?? 0) > 0;
    if (partly) return [kinds(recorded), kinds(simulated)];
    const shown = new Set(recorded.flatMap(positionOf));
    const isLost = (frame: string): boolean =>
      positionOf(frame).some((pos) => !shown.has(pos) && build?.logs.get(step)?.has(pos) === true);
    const came = simulated.filter((frame) => !isLost(frame));
    const runsOn = ended.how === 'the recorder closed it' && isLog(item) && this.#mover.isAlive(request.path);
    return [recorded, runsOn ? came.slice(0, recorded.length) : came];
  }

  async #moment(stream: OpenStream, check: Parameters<OpenStream['until']>[0], ms: number): Promise<void> {
    await Promise.race([stream.until(check).catch(() => undefined), sleep(ms)]);
  }
}
