// Text that comes in small pieces. A string that grows by `+=` is a tree in memory, some 32 bytes for each piece: two
// million entries of one byte were 64 MB, and a build could end its cell with them. So pieces are made flat in time.

const maxPieces = 1024;
const maxFresh = 65_536;

export class Gather {
  #flat: string[] = [];
  #fresh: string[] = [];
  #freshLength = 0;
  #length = 0;

  /** Characters so far. */
  get length(): number {
    return this.#length;
  }

  push(text: string): void {
    if (text === '') return;
    this.#fresh.push(text);
    this.#freshLength += text.length;
    this.#length += text.length;
    if (this.#fresh.length < maxPieces && this.#freshLength < maxFresh) return;
    this.#flat.push(this.#fresh.join(''));
    this.#fresh = [];
    this.#freshLength = 0;
  }

  /** All of it, and begins anew. */
  take(): string {
    const text = [...this.#flat, ...this.#fresh].join('');
    this.clear();
    return text;
  }

  clear(): void {
    if (this.#length === 0) return;
    this.#flat = [];
    this.#fresh = [];
    this.#freshLength = 0;
    this.#length = 0;
  }
}
