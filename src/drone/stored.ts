// The stored log of a step: one JSON array (not lines of JSON), complete but for what is beyond Drone's 5 MB. It is
// read entry by entry: five million empty lines are 175 MB of JSON, and none of it has to be in memory at once.

import { Failure } from '../protocol/index.ts';
import { type LogEntry, isLogEntry } from './answers.ts';
import { type Connection, isJson } from './connection.ts';
import { Gather } from './gather.ts';

const quoteMark = 34;
const backslash = 92;
const comma = 44;
const openBracket = 91;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;
/** 32,768 bytes of control characters are 196,608 characters of JSON. */
const maxEntry = 1_048_576;

const isBlank = (code: number): boolean => code === 32 || code === 9 || code === 10 || code === 13;

const malformed = (why: string): Failure =>
  new Failure('drone-answer-malformed', `Drone's stored log is malformed: ${why}`);

/** Cuts the text of an array into its items without holding more than one; `null` is an empty array (recording 42). */
export class EntryReader {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #closed = false;
  /** Text of the item that has begun. */
  readonly #item = new Gather();
  #outside = '';
  readonly #onEntry: (entry: LogEntry) => void;

  constructor(onEntry: (entry: LogEntry) => void) {
    this.#onEntry = onEntry;
  }

  feed(text: string): void {
    let start = this.#depth > 1 ? 0 : -1;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (code === backslash) this.#escaped = true;
        else if (code === quoteMark) this.#inString = false;
      } else if (code === quoteMark) {
        if (this.#depth < 2) throw malformed('it holds something else than entries');
        this.#inString = true;
      } else if (code === openBrace || code === openBracket) {
        if (this.#closed) throw malformed('something follows it');
        if (this.#depth === 0 && code !== openBracket) throw malformed('it is no list');
        if (++this.#depth === 2) start = at;
      } else if (code === closeBrace || code === closeBracket) {
        this.#depth--;
        if (this.#depth === 1) {
          this.#item.push(text.slice(start, at + 1));
          this.#entry(this.#item.take());
          start = -1;
        } else if (this.#depth === 0 && code === closeBracket) this.#closed = true;
        else if (this.#depth === 0) throw malformed('it is no list');
        else if (this.#depth < 0) throw malformed('a bracket too many');
      } else if (this.#depth === 0) {
        if (this.#outside.length < 16) this.#outside += text[at];
      } else if (this.#depth === 1 && code !== comma && !isBlank(code)) {
        throw malformed('it holds something else than entries');
      }
    }
    if (start >= 0) this.#item.push(text.slice(start));
    if (this.#item.length > maxEntry) throw malformed(`an entry is longer than ${maxEntry} characters`);
  }

  /** @throws {Failure} `drone-answer-malformed` when the array has not ended */
  end(): void {
    const outside = this.#outside.trim();
    if (this.#closed ? outside !== '' : outside !== 'null' || this.#depth !== 0) throw malformed('it breaks off');
  }

  #entry(text: string): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new Failure('drone-answer-malformed', "Drone's stored log is malformed: an entry is no JSON", {
        cause: error,
      });
    }
    if (!isLogEntry(value)) throw malformed('an entry lacks pos or out');
    this.#onEntry(value);
  }
}

export interface StoredOptions {
  /** To the first byte, and between two. */
  readonly call: number;
  /** For the whole log. */
  readonly overall: number;
  readonly onEntry: (entry: LogEntry) => void;
  /** Waits, for a bounded time, until there is room for more lines. */
  readonly room: () => Promise<void>;
  /** Gives the log up. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * False: there is none (yet): 404 until the step has ended, for skipped steps, and for a step whose runner died.
 * @throws {Unanswered} {Failure} when it cannot be read; it may be read again, entries are known by their `pos`
 */
export async function readStored(connection: Connection, path: string, options: StoredOptions): Promise<boolean> {
  const { signal } = options;
  const response = await connection.open(path, 'application/json', { limit: options.call, signal });
  const give = (): void => void response.destroy(malformed('it did not come in time'));
  signal?.addEventListener('abort', give, { once: true });
  const overall = setTimeout(give, options.overall);
  const idle = setTimeout(give, options.call);
  try {
    if (response.statusCode === 404) return false;
    if (response.statusCode !== 200 || !isJson(response)) throw malformed(`status ${response.statusCode ?? 0}`);
    const reader = new EntryReader(options.onEntry);
    const decoder = new TextDecoder();
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (signal?.aborted) throw malformed('it was given up');
      reader.feed(decoder.decode(chunk, { stream: true }));
      await options.room();
      idle.refresh();
    }
    reader.feed(decoder.decode());
    reader.end();
    return true;
  } finally {
    clearTimeout(overall);
    clearTimeout(idle);
    signal?.removeEventListener('abort', give);
    response.destroy();
  }
}

/** Whether there is a stored log, without reading it; after a cancel its absence means that the step runs on (recording 62). */
export async function isStored(
  connection: Connection,
  path: string,
  call: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const response = await connection.open(path, 'application/json', { limit: call, signal });
  response.destroy();
  return response.statusCode === 200;
}
