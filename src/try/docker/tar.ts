// A tar archive (POSIX ustar) of a few files, made while it is sent: a machine without tar can import an image too, and
// no copy of node has to be written anywhere.

import { open, stat } from 'node:fs/promises';

export interface TarEntry {
  /** Path in the archive, relative; at most 100 bytes. Ends with `/`: an empty folder. */
  readonly name: string;
  /** File on this machine; absent for a folder. */
  readonly from?: string;
  readonly mode: number;
}

const block = 512;
const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;

/** @throws {RangeError} a name that the plain format does not hold */
function header({ name, mode }: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new RangeError(`${name} is too long for an archive`);
  const bytes = Buffer.alloc(block);
  const put = (text: string, at: number): void => void bytes.write(text, at, 'utf8');
  put(name, 0);
  put(octal(mode, 8), 100);
  put(octal(0, 8), 108);
  put(octal(0, 8), 116);
  put(octal(size, 12), 124);
  put(octal(0, 12), 136);
  put(' '.repeat(8), 148);
  put(name.endsWith('/') ? '5' : '0', 156);
  put('ustar\u000000', 257);
  // The sum is taken while its own place holds blanks.
  put(
    `${octal(
      bytes.reduce((sum, byte) => sum + byte, 0),
      7,
    )} `,
    148,
  );
  return bytes;
}

/** Root owns all; times are zero, so that the same files make the same archive. */
export async function* tar(entries: readonly TarEntry[]): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    const { from } = entry;
    const size = from === undefined ? 0 : (await stat(from)).size;
    yield header(entry, size);
    if (from === undefined) continue;
    const file = await open(from);
    let left = size;
    // A file that grows or shrinks meanwhile must not shift what comes behind it.
    for await (const chunk of file.createReadStream({ highWaterMark: 262_144 })) {
      const part = (chunk as Buffer).subarray(0, left);
      left -= part.length;
      yield part;
    }
    if (left > 0) throw new Error(`${from} became shorter while it was read`);
    yield Buffer.alloc((block - (size % block)) % block);
  }
  yield Buffer.alloc(2 * block);
}
