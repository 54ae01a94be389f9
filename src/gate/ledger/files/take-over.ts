// Becoming the holder: one link() decides who, then every older turn is ended, and only then does the new one begin. So
// what the new holder reads is all that older ones have written, or ever will.

import { join } from 'node:path';
import { type Aside, endOlder, makeAside, removeAside, writeAside } from './aside.ts';
import type { Disk } from './disk.ts';
import type { Folder } from './folder.ts';
import { type HolderRecord, holderPath, holderRevisions, isLost, removeHolders } from './holder.ts';

/** What a turn works with. */
export interface Taken {
  readonly epoch: number;
  readonly aside: Aside;
  /** The holder record's file; each renewal gives it one more name. */
  readonly held: string;
  /** The same with `released`, written now so that stepping down needs no space. */
  readonly released: string;
}

const encode = (record: HolderRecord): Uint8Array => Buffer.from(JSON.stringify(record));

async function claim(disk: Disk, folder: Folder, record: HolderRecord, taken: Taken): Promise<boolean> {
  try {
    await writeAside(disk, taken.held, encode(record));
    await writeAside(disk, taken.released, encode({ ...record, released: true }));
    await disk.link(taken.held, holderPath(folder, taken.epoch));
    return true;
  } catch (error) {
    if (!isLost(error)) throw error;
    // A folder that is gone is no lost race.
    await folder.check();
    return false;
  }
}

/**
 * Tries once to follow the holder record `newest`. @returns null: another gate was faster
 * @throws {Failure} `ledger-failed` @throws the system's error; the turn has then not begun, and the next try may follow
 */
export async function takeOver(
  disk: Disk,
  folder: Folder,
  newest: number,
  by: Pick<HolderRecord, 'holder' | 'instance'>,
): Promise<Taken | null> {
  await folder.check();
  const epoch = newest + 1;
  const aside = await makeAside(disk, folder, epoch);
  const taken: Taken = { epoch, aside, held: join(aside.path, 'held'), released: join(aside.path, 'released') };
  const drop = (): Promise<void> => removeAside(disk, folder, aside).catch(() => undefined);
  try {
    if (await claim(disk, folder, { v: 1, ...by, epoch, released: false }, taken)) {
      await disk.syncFolder(folder.path);
      await endOlder(disk, folder, epoch, aside);
      const older = (await holderRevisions(disk, folder)).filter((rev) => rev < epoch);
      await removeHolders(disk, folder, older);
      return taken;
    }
  } catch (error) {
    await drop();
    throw error;
  }
  await drop();
  return null;
}
