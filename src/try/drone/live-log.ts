// The live stream of one step (recordings 10, 36, 43, 47, 59): a ping, the last 5,000 entries, then what comes, then eof. There is
// no id and no resuming; pings of a quiet step are not flushed, so they arrive together with the next line.

import type { ServerResponse } from 'node:http';
import { STREAM } from './answer.ts';
import { goJson } from './go-json.ts';
import type { StreamMode } from './scenario.ts';
import type { LogEntry, StepLog } from './step-log.ts';

const KEPT = 5000;
const PING = ': ping\n\n';
const EOF = 'event: error\ndata: eof\n\n';

export interface LiveLogOptions {
  readonly mode: StreamMode;
  readonly pingMs: number;
  readonly slowReaderMs: number;
}

interface Reader {
  readonly res: ServerResponse;
  lastWrite: number;
  /** It did not read for too long: entries are skipped until it does. */
  behind: boolean;
}

function frames(entries: readonly LogEntry[]): string {
  return entries.map((entry) => `data: ${goJson(entry)}\n\n\n`).join('');
}

function finish(res: ServerResponse): void {
  res.end(EOF);
}

/** What of a batch is not lost on its way to the readers. */
function arriving(batch: readonly LogEntry[], mode: StreamMode, log: StepLog, last: boolean): readonly LogEntry[] {
  if (mode === 'silent' || mode === 'eof-at-once') return [];
  if (mode === 'lossy') return batch.slice(0, (last ? Math.floor : Math.ceil)(batch.length / 2));
  if (mode === 'as-measured') return log.overflowed ? [] : batch.slice(0, KEPT);
  return batch;
}

export class LiveLog {
  readonly #options: LiveLogOptions;
  readonly #readers = new Set<Reader>();
  #open = false;

  constructor(options: LiveLogOptions) {
    this.#options = options;
  }

  /** The step starts: whoever comes before is told eof. */
  open(): void {
    this.#open = true;
  }

  attach(res: ServerResponse, log: StepLog): void {
    res.writeHead(200, STREAM);
    res.write(PING);
    if (!this.#open || this.#options.mode === 'eof-at-once') {
      finish(res);
      return;
    }
    const { mode } = this.#options;
    const history = log.last(KEPT);
    const shown = mode === 'silent' || (mode === 'as-measured' && log.overflowed) ? [] : history;
    if (shown.length > 0) res.write(frames(shown));
    const reader: Reader = { res, lastWrite: Date.now(), behind: false };
    this.#readers.add(reader);
    res.on('close', () => this.#readers.delete(reader));
  }

  /** Resolves when every reader has taken it in, or was given up on. `last`: nothing comes after it. */
  async publish(batch: readonly LogEntry[], log: StepLog, last: boolean): Promise<void> {
    const shown = arriving(batch, this.#options.mode, log, last);
    if (shown.length === 0 || this.#readers.size === 0) return;
    const text = frames(shown);
    await Promise.all(Array.from(this.#readers, (reader) => this.#send(reader, text)));
  }

  /** The step ended. */
  end(): void {
    if (this.#options.mode === 'never-ends') return;
    this.forget();
    for (const { res } of this.#readers) finish(res);
    this.#readers.clear();
  }

  /** The server was started anew: it knows nothing of the stream, although the step runs. */
  forget(): void {
    this.#open = false;
  }

  async #send(reader: Reader, text: string): Promise<void> {
    const { res } = reader;
    if (res.destroyed || (reader.behind && res.writableNeedDrain)) return;
    reader.behind = false;
    const pings = Math.floor((Date.now() - reader.lastWrite) / this.#options.pingMs);
    reader.lastWrite = Date.now();
    if (res.write(PING.repeat(Math.min(pings, 100)) + text)) return;
    reader.behind = !(await read(res, this.#options.slowReaderMs));
  }
}

/** Whether the reader took in what was written, within the limit. */
function read(res: ServerResponse, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (done: boolean): void => {
      clearTimeout(timer);
      res.off('drain', onDrain).off('close', onDrain);
      resolve(done);
    };
    const onDrain = (): void => settle(true);
    const timer = setTimeout(() => settle(false), ms);
    res.on('drain', onDrain).on('close', onDrain);
  });
}
