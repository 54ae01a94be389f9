// A cell's stdout as lines, with a bound: an endless line must not become endless memory.

import { Failure, maxEventBytes } from '../../protocol/index.ts';

const newline = 0x0a;

/**
 * Lines without their newlines; an unfinished last line is dropped, for a whole event ends with one.
 * @throws {Failure} `cell-misbehaved`: a line longer than `max` bytes
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  max = maxEventBytes,
): AsyncGenerator<string, void, void> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      parts.push(chunk.subarray(from, at));
      size += at - from;
      if (size > max) break;
      yield parts.length === 1 ? chunk.toString('utf8', from, at) : Buffer.concat(parts).toString('utf8');
      parts = [];
      size = 0;
      from = at + 1;
    }
    if (size <= max && from < chunk.length) {
      parts.push(chunk.subarray(from));
      size += chunk.length - from;
    }
    if (size > max) throw new Failure('cell-misbehaved', `the cell wrote a line of more than ${max} bytes`);
  }
}
