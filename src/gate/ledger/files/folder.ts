// Where the ledger lives. Whoever can write there can give orders to the next gate, so the folder must be the gate's own;
// and a folder that was replaced (a disk that is not mounted) must not pass for a ledger in which nothing was started.

import { dirname, join } from 'node:path';
import { Failure } from '../../../protocol/index.ts';
import { type Disk, codeOf } from './disk.ts';
import { type Kind, kinds } from './names.ts';

export interface Folder {
  readonly path: string;
  /** Where files are written before they get their name. */
  readonly aside: string;
  of(kind: Kind): string;
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

/** Makes sure of the folder; returns its identity. */
async function own(disk: Disk, path: string): Promise<string> {
  await make(disk, path);
  const { isFolder, owner, mode, identity } = await disk.look(path);
  const me = process.geteuid?.() ?? owner;
  if (!isFolder) refuse(`the ledger's ${path} is not a folder; a symbolic link is not followed`);
  if (owner !== me) refuse(`the ledger's folder ${path} belongs to user ${owner}; it must belong to user ${me}`);
  if ((mode & 0o022) !== 0)
    refuse(`the ledger's folder ${path} can be written by others (mode ${mode.toString(8)}); run: chmod 700 ${path}`);
  return identity;
}

/**
 * Makes the folder and what is in it where they are missing, mode 0700; its parent must be there.
 * @throws {Failure} `ledger-failed`: it is not the gate's own @throws the system's error
 */
export async function openFolder(disk: Disk, path: string): Promise<Folder> {
  const aside = join(path, 'aside');
  const of = (kind: Kind): string => join(path, kind);
  const identities = new Map<string, string>();
  for (const each of [path, aside, ...kinds.map(of)]) identities.set(each, await own(disk, each));

  return {
    path,
    aside,
    of,
    async check() {
      for (const [each, identity] of identities)
        if ((await disk.look(each)).identity !== identity)
          refuse(`the ledger's folder ${each} is not the one that was opened; start the gate anew to use this one`);
    },
  };
}
