// Events to stdout, which nobody may be reading: a stuck attach must stop neither the follow nor the cancel. Above 4 MiB
// unsent log events wait among the last 1 MiB that is kept for `resume`, and what falls out of it is lost: the numbers go
// on, so the gap shows. State and result events are never lost.

import type { Writable } from 'node:stream';
import { sleep } from '../drone/wait.ts';
import { type CellEvent, type LogEvent, type ResultEvent, type StateEvent, maxBatch } from '../protocol/event.ts';
import type { BuildsEvent } from '../protocol/old-build.ts';
import type { ProbeEvent } from '../protocol/probe.ts';

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
/** Milliseconds between two looks at what waits. */
const glance = 10;
/** Milliseconds that a line waits for others. */
const idle = 20;

interface Kept<E> {
  readonly event: E;
  readonly bytes: Buffer;
}

type Numbered = StateEvent | ResultEvent | BuildsEvent | ProbeEvent;

/** What stands in for the events before it that are not kept any more. */
function small(event: Numbered): Numbered {
  if (event.k === 'state') return { ...event, stages: [] };
  return event.k === 'result' ? event : { k: 'state', n: event.n, phase: 'preflight', stages: [] };
}

export class Output {
  readonly #stream: Writable;
  #lineNumber = 0;
  /** How many of the kept log events, counted from the newest, were not sent yet. */
  #unsent = 0;
  #stateNumber = 0;
  #step = '';
  #batch: string[] = [];
  #batchSize = 0;
  #timer: NodeJS.Timeout | undefined;
  #kept: Kept<LogEvent>[] = [];
  #keptSize = 0;
  #states: Kept<Numbered>[] = [];
  #statesSize = 0;
  #lastSnapshot = '';
  /** Waits for room: snapshots are whole, so the last one stands for those before it. */
  #waiting: Snapshot | undefined;
  #ended = false;
  #written = 0;
  /** Bytes that were read when `room` last looked, and when it was first that many. */
  #read = -1;
  #readAt = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
    // A reader that is gone for good: the build is followed to its end all the same.
    stream.on('error', () => {});
    stream.on('drain', () => {
      this.#pump();
      this.#stateWaiting();
    });
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
    this.#kept.push({ event, bytes });
    this.#unsent++;
    this.#keptSize += bytes.length;
    while (this.#keptSize > maxKept && this.#kept.length > 1) this.#keptSize -= this.#kept.shift()?.bytes.length ?? 0;
    this.#unsent = Math.min(this.#unsent, this.#kept.length);
    this.#pump();
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

  /** Asks the gate to choose; what was said before goes out before it. */
  builds(report: Omit<BuildsEvent, 'k' | 'n'>): void {
    if (this.#ended) return;
    this.#stateWaiting();
    this.#state({ k: 'builds', n: ++this.#stateNumber, ...report });
  }

  /** What a probe found. */
  probe(report: Omit<ProbeEvent, 'k' | 'n'>): void {
    if (!this.#ended) this.#state({ k: 'probe', n: ++this.#stateNumber, ...report });
  }

  /** The last event. Every line and every state goes before it. */
  result(result: Result): void {
    if (this.#ended) return;
    this.flush();
    // The end of the log says most about a failure, so what is kept of it goes out even now.
    this.#pump(true);
    this.#stateWaiting();
    this.#ended = true;
    this.#state({ k: 'result', n: ++this.#stateNumber, ...result });
  }

  /** Repeats what comes after these numbers; the log goes first, because a result ends the reading. */
  resume(seen: { readonly state: number; readonly log: number }): void {
    this.flush();
    for (const [index, { event, bytes }] of this.#kept.entries()) {
      const skip = Math.max(0, seen.log + 1 - event.n);
      if (skip >= event.lines.length || this.#stream.writableLength > maxUnsent) continue;
      this.#write(skip === 0 ? bytes : encode({ ...event, n: event.n + skip, lines: event.lines.slice(skip) }));
      this.#unsent = Math.min(this.#unsent, this.#kept.length - 1 - index);
    }
    const [oldest] = this.#states;
    if (oldest === undefined) return;
    for (let n = seen.state + 1; n < oldest.event.n; n++) this.#write(encode({ ...small(oldest.event), n }));
    for (const { event, bytes } of this.#states) if (event.n > seen.state) this.#write(bytes);
  }

  /**
   * Resolves when who reads has caught up, when `signal` is aborted, or when nothing at all was read for `patience` ms:
   * then at once, until something is read again.
   */
  async room(signal: AbortSignal, patience: number): Promise<void> {
    while (this.#stream.writableLength > fullAt && !signal.aborted && !this.#stream.destroyed) {
      const now = Date.now();
      const read = this.#written - this.#stream.writableLength;
      if (read !== this.#read) {
        this.#read = read;
        this.#readAt = now;
      }
      if (now - this.#readAt >= patience) return;
      await sleep(glance, signal);
    }
  }

  #write(bytes: Buffer): void {
    this.#written += bytes.length;
    this.#stream.write(bytes);
  }

  #stateWaiting(): void {
    const snapshot = this.#waiting;
    this.#waiting = undefined;
    if (snapshot !== undefined) this.#state({ k: 'state', n: ++this.#stateNumber, ...snapshot });
  }

  #state(event: Numbered): void {
    const bytes = encode(event);
    this.#states.push({ event, bytes });
    this.#statesSize += bytes.length;
    while (this.#statesSize > maxStates && this.#states.length > 1)
      this.#statesSize -= this.#states.shift()?.bytes.length ?? 0;
    this.#write(bytes);
  }

  /** Writes what is kept and was not sent yet, as far as there is room. What fell out of it meanwhile is the gap. */
  #pump(forced = false): void {
    for (; this.#unsent > 0; this.#unsent--) {
      const bytes = this.#kept.at(-this.#unsent)?.bytes;
      if (bytes === undefined || (!forced && this.#stream.writableLength + bytes.length > maxUnsent)) return;
      this.#write(bytes);
    }
  }
}

// Bytes and not text: a socket counts the characters of what waits.
const encode = (event: CellEvent | ProbeEvent): Buffer => Buffer.from(`${JSON.stringify(event)}\n`);
