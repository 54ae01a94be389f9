// Who holds the ledger: a record like the others, `holder.<rev>`, whose newest revision counts. A renewal is a further
// name of the same file, so it needs no space on a full disk; a turn's epoch is the revision that began it.

import { join } from 'node:path';
import * as v from 'valibot';
import { type Schema, hex32, parseStrictJson, parseWith, positive, printable } from '../../../protocol/index.ts';
import { type Disk, codeOf } from './disk.ts';
import type { Folder } from './folder.ts';
import { fileName, parseFileName } from './names.ts';

export interface HolderRecord {
  readonly v: 1;
  /** For people: machine and process. */
  readonly holder: string;
  /** Of one opened ledger: a process knows its own older turns by it. */
  readonly instance: string;
  readonly epoch: number;
  /** The holder stepped down; nobody needs to wait. */
  readonly released: boolean;
}

export interface Newest {
  /** 0: nobody has held this ledger yet. */
  readonly rev: number;
  /** null: none, or unreadable; it is then only known whether its revision changes. */
  readonly record: HolderRecord | null;
}

const what = 'the holder record';
const maxBytes = 4096;

const schema: Schema<HolderRecord> = v.strictObject({
  v: v.literal(1),
  holder: printable(256, 1),
  instance: hex32,
  epoch: positive,
  released: v.boolean(),
});

/** @throws {Refusal} `input-*` */
export const parseHolderRecord = (value: unknown): HolderRecord => parseWith(schema, value, what);

export const holderPath = (folder: Folder, rev: number): string => join(folder.path, fileName('holder', rev));

/** Every standing revision, ascending. */
export async function holderRevisions(disk: Disk, folder: Folder): Promise<number[]> {
  const revisions = (await disk.names(folder.path)).map(parseFileName);
  return revisions.flatMap((one) => (one?.name === 'holder' ? [one.rev] : [])).sort((a, b) => a - b);
}

/** @throws the system's error when the folder cannot be read */
export async function newestHolder(disk: Disk, folder: Folder): Promise<Newest> {
  const rev = (await holderRevisions(disk, folder)).at(-1) ?? 0;
  if (rev === 0) return { rev, record: null };
  try {
    const bytes = await disk.read(holderPath(folder, rev), maxBytes);
    return { rev, record: parseHolderRecord(parseStrictJson(bytes, { maxBytes, what })) };
  } catch {
    return { rev, record: null };
  }
}

/** Removes what came before a revision; what is left behind does no harm. */
export async function removeHolders(disk: Disk, folder: Folder, revisions: readonly number[]): Promise<void> {
  for (const rev of revisions) await disk.unlink(holderPath(folder, rev)).catch(() => undefined);
}

/** Whether an error of link() says that another gate was faster: its name stands, or this turn's folder is gone. */
export const isLost = (error: unknown): boolean => ['EEXIST', 'ENOENT'].includes(codeOf(error));
