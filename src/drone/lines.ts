// Log entries to lines. An entry is not a line: it may be empty, lack its newline, or hold a piece of 32,768 bytes of a
// longer line; `pos` counts entries (README of the recordings, trap 12). The live stream and the stored log both go
// through here and are joined by `pos`, so that every line comes once and in order, whichever brought it first.

import type { LogEntry } from './answers.ts';
import { Gather } from './gather.ts';

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

/** Characters that all joiners of a build may hold together: 32 MiB at two bytes each. */
const maxTogether = 16_777_216;

/** What the steps of a build may leave in memory together. A stored log is never refused: it is read alone and has its own bound. */
export class TextBudget {
  #left: number;

  constructor(size = maxTogether) {
    this.#left = size;
  }

  has(size: number): boolean {
    return size <= this.#left;
  }

  take(size: number): void {
    this.#left -= size;
  }

  give(size: number): void {
    this.#left += size;
  }
}

const missing = (count: number): string =>
  count === 1 ? '1 entry of this log is missing here' : `${count} entries of this log are missing here`;

export class LineJoiner {
  readonly #sink: LineSink;
  readonly #budget: TextBudget;
  #next = 0;
  /** The line that has not ended yet, and how much of it counts against the budget. */
  readonly #open = new Gather();
  #charged = 0;
  /** Where the open line begins: in which entry, and how many characters into it. */
  #lineAt = 0;
  #lineOffset = 0;
  /** Characters of the next entry that were printed before a rewind. */
  #printed = 0;
  #skipping = false;
  readonly #held = new Map<number, string>();
  #heldSize = 0;

  constructor(sink: LineSink, budget: TextBudget = new TextBudget()) {
    this.#sink = sink;
    this.#budget = budget;
  }

  /** The position that comes next. */
  get next(): number {
    return this.#next;
  }

  /**
   * `known`: it was there before. `gap`: something before it is missing, so it waits. `full`: there is no memory for it;
   * the joiner is back where its open line began, and the stored log has to bring all from there.
   */
  take({ pos, out }: LogEntry, from: 'live' | 'stored' = 'live'): 'taken' | 'known' | 'gap' | 'full' {
    if (pos < this.#next) return 'known';
    if (pos > this.#next) {
      this.#hold(pos, out);
      return 'gap';
    }
    if (from === 'live' && !this.#budget.has(out.length)) {
      this.rewind();
      return 'full';
    }
    this.#drop(pos);
    this.#add(out);
    for (let held = this.#drop(this.#next); held !== undefined; held = this.#drop(this.#next)) this.#add(held);
    return 'taken';
  }

  /** A reading of the stored log broke off. What it left is kept, unless there is no memory for it. */
  breakOff(): void {
    if (!this.#budget.has(0)) this.rewind();
  }

  /** Lets go of what is not printed yet: the stored log, read from its beginning, brings it again. */
  rewind(): void {
    for (const key of this.#held.keys()) this.#drop(key);
    // The beginning of a line that was cut is printed already.
    if (this.#skipping) return;
    this.#next = this.#lineAt;
    this.#printed = this.#lineOffset;
    this.#clear();
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
    if (this.#held.has(pos) || this.#heldSize + size > maxHeld || !this.#budget.has(size)) return;
    this.#held.set(pos, out);
    this.#heldSize += size;
    this.#budget.take(size);
  }

  #drop(pos: number): string | undefined {
    const out = this.#held.get(pos);
    if (out === undefined) return undefined;
    this.#held.delete(pos);
    this.#heldSize -= out.length + 64;
    this.#budget.give(out.length + 64);
    return out;
  }

  #clear(): void {
    this.#open.clear();
    this.#budget.give(this.#charged);
    this.#charged = 0;
  }

  #lose(until: number, truncated: boolean): void {
    const count = until - this.#next;
    if (count <= 0) return;
    this.#flush();
    this.#sink.note(`${missing(count)}${truncated ? ': Drone keeps only its last 5 MB' : ''}`);
    this.#next = until;
    this.#begin(until, 0);
    this.#printed = 0;
  }

  /** A new line begins here. */
  #begin(pos: number, offset: number): void {
    this.#lineAt = pos;
    this.#lineOffset = offset;
    this.#clear();
    this.#skipping = false;
  }

  #flush(): void {
    if (this.#open.length > 0 && !this.#skipping) this.#sink.line(this.#open.take());
    this.#begin(this.#next, 0);
  }

  #add(out: string): void {
    const pos = this.#next++;
    let from = Math.min(this.#printed, out.length);
    this.#printed = 0;
    for (let end = out.indexOf('\n', from); end >= 0; end = out.indexOf('\n', from)) {
      this.#append(out.slice(from, end));
      if (!this.#skipping) this.#sink.line(this.#open.take());
      from = end + 1;
      this.#begin(pos, from);
    }
    if (from < out.length) this.#append(out.slice(from));
    else if (this.#open.length === 0 && !this.#skipping) this.#begin(this.#next, 0);
  }

  #append(text: string): void {
    if (this.#skipping) return;
    this.#open.push(text);
    this.#budget.take(text.length);
    this.#charged += text.length;
    if (this.#open.length <= maxLine) return;
    this.#sink.line(this.#open.take().slice(0, maxLine - maxLiteral));
    this.#sink.note(`a line of more than ${maxLine} characters is cut here`);
    this.#clear();
    this.#skipping = true;
  }
}
