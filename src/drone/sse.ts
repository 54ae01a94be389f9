// Server-sent events, as much of them as Drone sends: `event:`, `data:` and comments; no `id:`, no `retry:`. Three
// newlines or two end an event alike (README of the recordings, trap 14).

import { Gather } from './gather.ts';

export interface ServerSentEvent {
  /** `message` unless the server says otherwise. */
  readonly event: string;
  readonly data: string;
}

/** Longest text that is held between two chunks. One entry is up to 32,768 bytes, six characters of JSON each at worst. */
const maxHeld = 262_144;

/** Splits a stream into events, however it is cut into chunks. */
export class SseReader {
  readonly #onEvent: (event: ServerSentEvent) => void;
  readonly #rest = new Gather();
  #event = '';
  #data: string | undefined;

  constructor(onEvent: (event: ServerSentEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** @throws {RangeError} when one line or one event grows beyond what Drone can send */
  feed(chunk: string): void {
    let from = 0;
    // Only the chunk is searched: the rest before it holds no newline.
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
      this.#rest.push(chunk.slice(from, end));
      const line = this.#rest.take();
      this.#line(line.endsWith('\r') ? line.slice(0, -1) : line);
      from = end + 1;
    }
    this.#rest.push(from === 0 ? chunk : chunk.slice(from));
    if (this.#rest.length + (this.#data?.length ?? 0) > maxHeld)
      throw new RangeError('the stream holds an endless event');
  }

  #line(line: string): void {
    if (line === '') {
      if (this.#data !== undefined) this.#onEvent({ event: this.#event || 'message', data: this.#data });
      this.#event = '';
      this.#data = undefined;
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }
}
