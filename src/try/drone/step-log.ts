// What a process writes becomes log entries, as the runner makes them: an entry is not a line (recordings 40 to 45).
// - It reads up to 32,768 bytes at once; a longer write comes in pieces, whatever line or character they cut.
// - A piece with several lines gives an entry for each, and for what follows the last newline, even if that is nothing.
// - Over 5 MB the oldest entries are dropped, so the stored log may begin at a higher `pos` than 0.

import { isUtf8 } from 'node:buffer';

export interface LogEntry {
  readonly pos: number;
  readonly out: string;
  /** Seconds since the step began. */
  readonly time: number;
}

const PIECE_BYTES = 32_768;
const LIMIT_BYTES = 5 * 1024 * 1024;
/** A UTF-16 unit is at most three bytes of UTF-8: below this length a string needs no look at its bytes. */
const SURELY_ONE_PIECE = Math.floor(PIECE_BYTES / 3);

/** Bytes as Go's encoder shows them: one U+FFFD for each byte that belongs to no character. */
function decode(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const character = bytes.subarray(at, at + length);
    const whole = character.length === length && isUtf8(character);
    text += whole ? character.toString('utf8') : '\ufffd';
    at += whole ? length : 1;
  }
  return text;
}

function pieces(write: string | Uint8Array): string[] {
  if (typeof write === 'string' && write.length <= SURELY_ONE_PIECE) return [write];
  const bytes = Buffer.from(write as Uint8Array);
  const out: string[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) out.push(decode(bytes.subarray(at, at + PIECE_BYTES)));
  return out;
}

/** Only a newline before the last character makes several lines. */
function lines(piece: string): string[] {
  const first = piece.indexOf('\n');
  return first === -1 || first === piece.length - 1
    ? [piece]
    : piece.split(/(?<=\n)/).concat(piece.endsWith('\n') ? [''] : []);
}

export class StepLog {
  #entries: LogEntry[] = [];
  #first = 0;
  #bytes = 0;
  #next = 0;
  #overflowed = false;

  /** Adds the entries of one write and answers them. */
  write(write: string | Uint8Array, time: number): LogEntry[] {
    const added: LogEntry[] = [];
    for (const piece of pieces(write)) {
      this.#makeRoom(Buffer.byteLength(piece));
      for (const out of lines(piece)) {
        const entry = { pos: this.#next, out, time };
        this.#next += 1;
        this.#bytes += Buffer.byteLength(out);
        this.#entries.push(entry);
        added.push(entry);
      }
    }
    return added;
  }

  /** Whether it was over the limit once: then the live stream gets nothing more. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** Entries that were ever written. */
  get written(): number {
    return this.#next;
  }

  /** The last entries that are still there, oldest first. */
  last(count = Number.POSITIVE_INFINITY): LogEntry[] {
    return this.#entries.slice(Math.max(this.#first, this.#entries.length - count));
  }

  #makeRoom(bytes: number): void {
    while (this.#bytes + bytes > LIMIT_BYTES && this.#first < this.#entries.length) {
      this.#bytes -= Buffer.byteLength(this.#entries[this.#first]?.out ?? '');
      this.#first += 1;
      this.#overflowed = true;
    }
    // Not at each drop: moving a hundred thousand entries by one is what makes a flood slow.
    if (this.#first > 10_000) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}
