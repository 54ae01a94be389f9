import type { Readable } from 'node:stream';
import { Failure } from '../protocol/errors.ts';
import { maxHookInputBytes } from '../protocol/hook-input.ts';

/** The runner's document, or as much of it as shows that it is too large. @throws {Failure} `hook-error` after `ms` */
export async function readStdin(input: Readable, ms: number): Promise<Uint8Array> {
  const late = new Failure('hook-error', `the runner's input did not end within ${ms / 1000} s`);
  const timer = setTimeout(() => input.destroy(late), ms);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxHookInputBytes) break;
  }
  clearTimeout(timer);
  return Buffer.concat(chunks);
}
