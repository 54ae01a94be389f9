// Events to stdout, which nobody may be reading: a stuck attach must stop neither the follow nor the cancel. Above 4 MiB
// unsent log events are dropped (their numbers go on, so the gap shows); state and result events never are.

import type { Writable } from 'node:stream';
import { type CellEvent, type LogEvent, type ResultEvent, type StateEvent, maxBatch } from '../protocol/event.ts';

export type Snapshot = Omit<StateEvent, 'k' | 'n'>;
export type Result = Omit<ResultEvent, 'k' | 'n'>;

/** Bytes that may wait to be read before log events are dropped. */
const maxUnsent = 4_194_304;
/** Bytes above which who writes log lines is asked to wait. */
const fullAt = 1_048_576;
/** Log events that `resume` can repeat. */
const maxKept = 1_048_576;
/** State events that `resume` can repeat whole; older ones come back without their stages. */
const maxStates = 2_097_152;
/** Characters in one log event: six bytes of JSON each at worst stay below an event's limit. */
const maxBatchSize = 131_072;
/** Milliseconds that a line waits for others. */
const idle = 20;

interface KeptLog {
  readonly event: LogEvent;
  readonly size: number;
}
interface KeptState {
  readonly event: StateEvent | ResultEvent;
  readonly size: number;
}

const small = (event: StateEvent | ResultEvent): StateEvent | ResultEvent =>
  event.k === 'result' ? event : { ...event, stages: [] };

export class Output {
  readonly #stream: Writable;
  #lineNumber = 0;
  #stateNumber = 0;
  #step = '';
  #batch: string[] = [];
  #batchSize = 0;
  #timer: NodeJS.Timeout | undefined;
  #kept: KeptLog[] = [];
  #keptSize = 0;
  #states: KeptState[] = [];
  #statesSize = 0;
  #lastSnapshot = '';
  /** Waits for room: snapshots are whole, so the last one stands for those before it. */
  #waiting: Snapshot | undefined;
  #ended = false;

  constructor(stream: Writable) {
    this.#stream = stream;
    // A reader that is gone for good: the build is followed to its end all the same.
    stream.on('error', () => {});
    stream.on('drain', () => this.#stateWaiting());
  }

  /** One line of a step's log, at most `maxLineBytes` characters. */
  line(step: string, text: string): void {
    if (this.#ended) return;
    if (step !== this.#step || this.#batch.length === maxBatch || this.#batchSize + text.length > maxBatchSize)
      this.flush();
    this.#step = step;
    this.#batch.push(text);
    this.#batchSize += text.length;
    this.#timer ??= setTimeout(() => this.flush(), idle);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#batch.length === 0) return;
    const event: LogEvent = { k: 'log', n: this.#lineNumber + 1, step: this.#step, lines: this.#batch };
    this.#lineNumber += this.#batch.length;
    this.#batch = [];
    this.#batchSize = 0;
    const bytes = encode(event);
    this.#kept.push({ event, size: bytes.length });
    this.#keptSize += bytes.length;
    while (this.#keptSize > maxKept && this.#kept.length > 1) this.#keptSize -= this.#kept.shift()?.size ?? 0;
    this.#writeLog(bytes);
  }

  /** A snapshot that equals the last one is no news. */
  state(snapshot: Snapshot): void {
    if (this.#ended) return;
    const text = JSON.stringify(snapshot);
    if (text === this.#lastSnapshot) return;
    this.#lastSnapshot = text;
    if (this.#stream.writableLength > maxUnsent) this.#waiting = snapshot;
    else this.#state({ k: 'state', n: ++this.#stateNumber, ...snapshot });
  }

  /** The last event. Every line and every state goes before it. */
  result(result: Result): void {
    if (this.#ended) return;
    this.flush();
    this.#stateWaiting();
    this.#ended = true;
    this.#state({ k: 'result', n: ++this.#stateNumber, ...result });
  }

  /** Repeats what comes after these numbers; the log goes first, because a result ends the reading. */
  resume(seen: { readonly state: number; readonly log: number }): void {
    this.flush();
    for (const { event } of this.#kept) {
      const skip = Math.max(0, seen.log + 1 - event.n);
      if (skip < event.lines.length)
        this.#writeLog(encode(skip === 0 ? event : { ...event, n: event.n + skip, lines: event.lines.slice(skip) }));
    }
    const [oldest] = this.#states;
    if (oldest === undefined) return;
    for (let n = seen.state + 1; n < oldest.event.n; n++) this.#stream.write(encode({ ...small(oldest.event), n }));
    for (const { event } of this.#states) if (event.n > seen.state) this.#stream.write(encode(event));
  }

  /** Resolves when who reads has caught up, or `signal` is aborted. */
  room(signal?: AbortSignal): Promise<void> {
    if (this.#stream.writableLength <= fullAt || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#stream.removeListener('drain', done);
        this.#stream.removeListener('close', done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      this.#stream.once('drain', done);
      this.#stream.once('close', done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  #stateWaiting(): void {
    const snapshot = this.#waiting;
    this.#waiting = undefined;
    if (snapshot !== undefined) this.#state({ k: 'state', n: ++this.#stateNumber, ...snapshot });
  }

  #state(event: StateEvent | ResultEvent): void {
    const bytes = encode(event);
    this.#states.push({ event, size: bytes.length });
    this.#statesSize += bytes.length;
    while (this.#statesSize > maxStates && this.#states.length > 1) this.#statesSize -= this.#states.shift()?.size ?? 0;
    this.#stream.write(bytes);
  }

  #writeLog(bytes: Buffer): void {
    if (this.#stream.writableLength + bytes.length <= maxUnsent) this.#stream.write(bytes);
  }
}

// Bytes and not text: a socket counts the characters of what waits.
const encode = (event: CellEvent): Buffer => Buffer.from(`${JSON.stringify(event)}\n`);
