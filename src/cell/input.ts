// Lines from stdin with a limit on each. What is longer is thrown away up to its newline and reported as such, so that
// nothing that a caller sends can fill the memory.

import type { Readable } from 'node:stream';

const newline = 10;

/** Calls `onLine` with the bytes of each line, without its newline; undefined stands for a line over `limit` bytes. */
export function readLines(stream: Readable, limit: number, onLine: (line: Buffer | undefined) => void): void {
  let parts: Buffer[] = [];
  let size = 0;
  let skipping = false;
  const finish = (): void => {
    const line = skipping ? undefined : Buffer.concat(parts);
    parts = [];
    size = 0;
    skipping = false;
    onLine(line);
  };
  stream.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let end = chunk.indexOf(newline); ; end = chunk.indexOf(newline, from)) {
      const part = chunk.subarray(from, end < 0 ? chunk.length : end);
      size += part.length;
      if (size > limit) {
        skipping = true;
        parts = [];
      } else if (part.length > 0) parts.push(part);
      if (end < 0) return;
      finish();
      from = end + 1;
    }
  });
  // An order without a newline at the end of a pipe is still an order.
  stream.on('end', () => {
    if (size > 0) finish();
  });
  stream.on('error', () => {});
}
