// Every turn writes aside in a folder of its own, and takes from there what it links to a name. So the next holder ends
// an older turn for good by taking its folder away: however late a frozen gate wakes up, its link() finds no source.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Disk, codeOf } from './disk.ts';
import type { FolderPaths } from './names.ts';

export interface Aside {
  readonly path: string;
  /** A path in it that was not used before. */
  next(): string;
}

const plain = /^(0|[1-9][0-9]{0,15})\.[0-9a-f]{32}$/;

const nameOf = (epoch: number): string => `${epoch}.${randomBytes(16).toString('hex')}`;

export async function makeAside(disk: Disk, folder: FolderPaths, epoch: number): Promise<Aside> {
  const path = join(folder.aside, nameOf(epoch));
  await disk.makeFolder(path);
  let count = 0;
  return { path, next: () => join(path, String(++count)) };
}

/** Writes a new file and syncs it: what gets a name later is whole. */
export async function writeAside(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const file = await disk.create(path);
  try {
    await file.write(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** undefined: somebody else was faster. */
async function orGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function remove(disk: Disk, folder: FolderPaths, name: string): Promise<void> {
  const hidden = join(folder.aside, nameOf(0));
  // First out of reach, then away: nothing can be added to a folder whose path is gone.
  await orGone(disk.rename(join(folder.aside, name), hidden));
  for (const file of (await orGone(disk.names(hidden))) ?? []) await orGone(disk.unlink(join(hidden, file)));
  await orGone(disk.removeFolder(hidden));
}

/**
 * Ends every turn up to `epoch` but `keep`, and removes what crashed gates left. A higher number is a later turn's: a
 * gate that was frozen in here must not end that.
 */
export async function endOlder(disk: Disk, folder: FolderPaths, epoch: number, keep: Aside): Promise<void> {
  for (const name of await disk.names(folder.aside)) {
    const [, number] = plain.exec(name) ?? [];
    if (number === undefined || Number(number) > epoch || join(folder.aside, name) === keep.path) continue;
    await remove(disk, folder, name);
  }
}

export async function removeAside(disk: Disk, folder: FolderPaths, aside: Aside): Promise<void> {
  await remove(disk, folder, aside.path.slice(folder.aside.length + 1));
}
