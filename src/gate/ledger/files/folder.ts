// Where the ledger lives. Whoever can write there can give orders to the next gate, so the folder must be the gate's own;
// and a folder that was replaced (a disk that is not mounted) must not pass for a ledger in which nothing was started, so
// each ledger has an id. An inode's number would not do: the next folder gets the same one.

import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { Failure } from '../../../protocol/index.ts';
import { makeAside, removeAside, writeAside } from './aside.ts';
import { type Disk, codeOf } from './disk.ts';
import { type FolderPaths, kinds } from './names.ts';

export interface Folder extends FolderPaths {
  /** 32 lower hex. */
  readonly id: string;
  /** @throws {Failure} `ledger-failed` when it is not the folder that was opened @throws the system's error */
  check(): Promise<void>;
}

const refuse = (message: string): never => {
  throw new Failure('ledger-failed', message);
};

async function isThere(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.look(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function make(disk: Disk, path: string): Promise<void> {
  if (await isThere(disk, path)) return;
  try {
    await disk.makeFolder(path);
  } catch (error) {
    // Another gate that starts at the same moment.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  await disk.syncFolder(dirname(path));
}

/** Makes sure of one folder. */
async function own(disk: Disk, path: string): Promise<void> {
  await make(disk, path);
  const { isFolder, owner, mode } = await disk.look(path);
  const me = process.geteuid?.() ?? owner;
  if (!isFolder) refuse(`the ledger's ${path} is not a folder; a symbolic link is not followed`);
  if (owner !== me) refuse(`the ledger's folder ${path} belongs to user ${owner}; it must belong to user ${me}`);
  if ((mode & 0o022) !== 0)
    refuse(`the ledger's folder ${path} can be written by others (mode ${mode.toString(8)}); run: chmod 700 ${path}`);
}

async function readId(disk: Disk, path: string): Promise<string> {
  const id = Buffer.from(await disk.read(path, 64)).toString('latin1');
  return /^[0-9a-f]{32}$/.test(id) ? id : refuse(`the ledger's ${path} does not hold its id`);
}

/** The first gate to open a ledger gives it its id. */
async function giveId(disk: Disk, paths: FolderPaths, path: string): Promise<void> {
  const aside = await makeAside(disk, paths, 0);
  const from = aside.next();
  try {
    await writeAside(disk, from, Buffer.from(randomBytes(16).toString('hex')));
    await disk.link(from, path);
    await disk.syncFolder(paths.path);
  } catch (error) {
    // Another gate was faster, and may have become the holder and tidied up.
    if (!['EEXIST', 'ENOENT'].includes(codeOf(error))) throw error;
  } finally {
    await removeAside(disk, paths, aside).catch(() => undefined);
  }
}

/**
 * Makes the folder and what is in it where they are missing, mode 0700; its parent must be there.
 * @throws {Failure} `ledger-failed`: it is not the gate's own @throws the system's error
 */
export async function openFolder(disk: Disk, path: string): Promise<Folder> {
  const paths: FolderPaths = { path, aside: join(path, 'aside'), of: (kind) => join(path, kind) };
  const all = [path, paths.aside, ...kinds.map(paths.of)];
  for (const each of all) await own(disk, each);
  const idPath = join(path, 'id');
  if (!(await isThere(disk, idPath))) await giveId(disk, paths, idPath);
  const id = await readId(disk, idPath);

  return {
    ...paths,
    id,
    async check() {
      for (const each of all) await disk.look(each);
      if ((await readId(disk, idPath)) !== id)
        refuse(`the ledger's folder ${path} is not the one that was opened; start the gate anew to use this one`);
    },
  };
}
