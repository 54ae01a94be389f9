// Reading a revision back. What cannot be read is told as such and never passed over for an older revision: the older one
// may say "waiting" where the lost one said "ordered", and a second build would follow.

import { Refusal, parseStrictJson } from '../../../protocol/index.ts';
import { type Disk, codeOf } from './disk.ts';
import type { Folder } from './folder.ts';
import { fileName } from './names.ts';
import { type Place, placePath } from './place.ts';

export type Read<T> = { readonly value: T } | { readonly unreadable: string } | { readonly gone: true };

/** 64 KiB of a request, JSON-escaped, and what the gate adds. */
export const maxRecordBytes = 524_288;

/** Says nothing about the record, and passes: asked again, the answer may be another. */
const passing = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR', 'ENOTDIR', 'ESTALE', 'ETIMEDOUT']);

const reasons = new Map([
  ['EACCES', 'the gate may not read it'],
  ['EPERM', 'the gate may not read it'],
  ['EIO', 'the disk cannot read it'],
  ['ELOOP', 'it is a symbolic link'],
  ['ENXIO', 'it is not a plain file'],
  ['EISDIR', 'it is not a plain file'],
  ['EFTYPE', 'it is not a plain file'],
  ['EFBIG', 'it is too large'],
]);

function reasonOf(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  const code = codeOf(error);
  return reasons.get(code) ?? (code === '' ? 'an error that nobody expected' : code);
}

/** @throws the system's error when it is not the record's */
export async function readPlace<T>(
  disk: Disk,
  folder: Folder,
  where: Place,
  parse: (value: unknown, where: Place) => T,
): Promise<Read<T>> {
  const what = `the file ${fileName(where.name, where.rev)}`;
  try {
    const bytes = await disk.read(placePath(folder, where), maxRecordBytes);
    return { value: parse(parseStrictJson(bytes, { maxBytes: maxRecordBytes, what }), where) };
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return { gone: true };
    if (passing.has(code)) throw error;
    return { unreadable: `${fileName(where.name, where.rev)}: ${reasonOf(error)}` };
  }
}
