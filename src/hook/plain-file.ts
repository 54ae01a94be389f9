// Files that the runner made for us. A step may have left a link or a pipe in their place (THREATS.md section 6, 71),
// so they are opened without following, without waiting and without creating, and looked at through the handle.

import { type Stats, closeSync, constants, fstatSync, openSync } from 'node:fs';

const { O_NOFOLLOW, O_NONBLOCK } = constants;
export const { O_APPEND, O_RDONLY, O_WRONLY } = constants;

/** @throws the system's error; an Error without a code when it is no regular file; what `use` throws */
export function withPlain<T>(path: string, flags: number, use: (file: number, found: Stats) => T): T {
  const file = openSync(path, flags | O_NOFOLLOW | O_NONBLOCK);
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw new Error('it is no regular file');
    return use(file, found);
  } finally {
    closeSync(file);
  }
}

/** Why a file or a connection could not be used: the system's code, or our own words. */
export function whyNot(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ABORT_ERR' ? 'no answer in time' : (code ?? message);
}
