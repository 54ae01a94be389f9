// The one way in which a record comes to stand: written aside, synced, linked to its name, and the folder synced. A
// crash at any step leaves the old revision or the new one, whole (PROTOCOL.md, Ledger).

import { join } from 'node:path';
import { type Aside, writeAside } from './aside.ts';
import { type Disk, codeOf } from './disk.ts';
import type { Folder } from './folder.ts';
import { type Kind, fileName } from './names.ts';

/**
 * `taken`: the name stands, somebody was faster. `ended`: the turn's folder aside is gone, so the turn is over.
 * `unknown`: it may stand and may not be durable, so whoever wrote it cannot go on from here.
 */
export type Placed = 'placed' | 'taken' | 'ended' | 'unknown';

export interface Place {
  readonly kind: Kind;
  readonly name: string;
  readonly rev: number;
}

export const placePath = (folder: Folder, { kind, name, rev }: Place): string =>
  join(folder.of(kind), fileName(name, rev));

/** A missing file is another gate's doing as long as the folders are there. */
async function endedOrGone(folder: Folder): Promise<Placed> {
  await folder.check();
  return 'ended';
}

/** @throws {Failure} `ledger-failed` @throws the system's error: nothing was changed */
export async function place(
  disk: Disk,
  folder: Folder,
  aside: Aside,
  where: Place,
  bytes: Uint8Array,
): Promise<Placed> {
  const from = aside.next();
  try {
    await writeAside(disk, from, bytes);
    await disk.link(from, placePath(folder, where));
  } catch (error) {
    switch (codeOf(error)) {
      case 'EEXIST':
        return 'taken';
      case 'ENOENT':
        return await endedOrGone(folder);
      case 'ETIMEDOUT':
        return 'unknown';
      default:
        throw error;
    }
  } finally {
    // It takes up space on a disk that may be full; if this fails, the next take-over removes it.
    await disk.unlink(from).catch(() => undefined);
  }
  try {
    await disk.syncFolder(folder.of(where.kind));
    return 'placed';
  } catch {
    return 'unknown';
  }
}

/**
 * Removes a revision; out of the turn's own folder, so that a frozen gate that wakes up removes nothing any more. What
 * is gone already is no error. @throws the system's error
 */
export async function takeAway(disk: Disk, folder: Folder, aside: Aside, where: Place): Promise<void> {
  const to = aside.next();
  try {
    await disk.rename(placePath(folder, where), to);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  await disk.unlink(to);
}
