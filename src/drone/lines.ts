// Log entries to lines. An entry is not a line: it may be empty, lack its newline, or hold a piece of 32,768 bytes of a
// longer line; `pos` counts entries (README of the recordings, trap 12). The live stream and the stored log both go
// through here and are joined by `pos`, so that every line comes once and in order, whichever brought it first.

import type { LogEntry } from './answers.ts';

export interface LineSink {
  /** A whole line without its newline; raw and attacker-controlled. */
  line(text: string): void;
  /** A sentence of ours that stands where lines are missing. */
  note(text: string): void;
}

/** Characters of live entries that wait behind a gap until the stored log fills it. What is beyond is left to the stored log. */
const maxHeld = 1_048_576;
/** Drone stores 5 MB of a step, so no line of its is longer. */
const maxLine = 8_388_608;
/** Longest literal that may be redacted (protocol/order.ts): a cut must not leave the beginning of one. */
const maxLiteral = 4096;

const missing = (count: number): string =>
  count === 1 ? '1 entry of this log is missing here' : `${count} entries of this log are missing here`;

export class LineJoiner {
  readonly #sink: LineSink;
  #next = 0;
  /** The line that has not ended yet. */
  #open = '';
  #skipping = false;
  readonly #held = new Map<number, string>();
  #heldSize = 0;

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  /** The position that comes next. */
  get next(): number {
    return this.#next;
  }

  /** `known`: it was there before. `gap`: something before it is missing, so it waits. */
  take({ pos, out }: LogEntry): 'taken' | 'known' | 'gap' {
    if (pos < this.#next) return 'known';
    if (pos > this.#next) {
      this.#hold(pos, out);
      return 'gap';
    }
    this.#drop(pos);
    this.#add(out);
    for (let held = this.#drop(this.#next); held !== undefined; held = this.#drop(this.#next)) this.#add(held);
    return 'taken';
  }

  /**
   * Nothing will come any more for positions before `pos`: what waits there is used, what is missing there is said.
   * `truncated`: `pos` is where the stored log begins.
   */
  settle(pos: number, truncated = false): void {
    if (pos <= this.#next) return;
    const waiting = [...this.#held.keys()].filter((key) => key < pos).toSorted((a, b) => a - b);
    for (const key of waiting) {
      const out = this.#drop(key);
      if (out === undefined) continue;
      this.#lose(key, truncated);
      this.#add(out);
    }
    if (Number.isFinite(pos)) this.#lose(pos, truncated);
  }

  /** Nothing comes any more. */
  finish(): void {
    this.settle(Number.POSITIVE_INFINITY);
    this.#flush();
  }

  #hold(pos: number, out: string): void {
    const size = out.length + 64;
    if (this.#held.has(pos) || this.#heldSize + size > maxHeld) return;
    this.#held.set(pos, out);
    this.#heldSize += size;
  }

  #drop(pos: number): string | undefined {
    const out = this.#held.get(pos);
    if (out === undefined) return undefined;
    this.#held.delete(pos);
    this.#heldSize -= out.length + 64;
    return out;
  }

  #lose(until: number, truncated: boolean): void {
    const count = until - this.#next;
    if (count <= 0) return;
    this.#flush();
    this.#sink.note(`${missing(count)}${truncated ? ': Drone keeps only its last 5 MB' : ''}`);
    this.#next = until;
  }

  #flush(): void {
    if (this.#open !== '' && !this.#skipping) this.#sink.line(this.#open);
    this.#open = '';
    this.#skipping = false;
  }

  #add(out: string): void {
    this.#next++;
    let from = 0;
    for (let end = out.indexOf('\n'); end >= 0; end = out.indexOf('\n', from)) {
      this.#append(out.slice(from, end));
      if (!this.#skipping) this.#sink.line(this.#open);
      this.#open = '';
      this.#skipping = false;
      from = end + 1;
    }
    if (from < out.length) this.#append(out.slice(from));
  }

  #append(text: string): void {
    if (this.#skipping) return;
    this.#open += text;
    if (this.#open.length <= maxLine) return;
    this.#sink.line(this.#open.slice(0, maxLine - maxLiteral));
    this.#sink.note(`a line of more than ${maxLine} characters is cut here`);
    this.#open = '';
    this.#skipping = true;
  }
}
