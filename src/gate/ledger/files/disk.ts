// The few calls that the ledger makes of a file system, in one place, so that a test can fail, stop or die at each.
// Errors are the system's own, with their `code`.

import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, rmdir, unlink } from 'node:fs/promises';

export interface NewFile {
  write(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What stands at a path; a symbolic link is itself, never what it points to. */
export interface Look {
  readonly isFolder: boolean;
  readonly owner: number;
  /** Permission bits. */
  readonly mode: number;
}

export interface Disk {
  /** Opens a file that was not there, mode 0600. */
  create(path: string): Promise<NewFile>;
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Mode 0700. */
  makeFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
  names(path: string): Promise<string[]>;
  look(path: string): Promise<Look>;
  /** A plain file of up to `max` bytes; never through a symbolic link. @throws code `EFTYPE` or `EFBIG` when it is not */
  read(path: string, max: number): Promise<Uint8Array>;
}

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** An error that looks like the system's. */
export const problem = (code: string, message: string): Error => Object.assign(new Error(message), { code });

/** Of an error by the system or by a disk; '' for any other. */
export function codeOf(error: unknown): string {
  const { code } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return typeof code === 'string' ? code : '';
}

export const fileDisk: Disk = {
  async create(path) {
    const file = await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
    return { write: (bytes) => file.writeFile(bytes), sync: () => file.sync(), close: () => file.close() };
  },
  link,
  rename,
  unlink,
  async makeFolder(path) {
    await mkdir(path, { mode: 0o700 });
  },
  removeFolder: rmdir,
  async syncFolder(path) {
    const folder = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  names: (path) => readdir(path),
  async look(path) {
    const seen = await lstat(path);
    return { isFolder: seen.isDirectory(), owner: seen.uid, mode: seen.mode & 0o777 };
  },
  async read(path, max) {
    // A pipe that somebody put there would block the open without O_NONBLOCK.
    const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const seen = await file.stat();
      if (!seen.isFile()) throw problem('EFTYPE', `${path} is not a plain file`);
      if (seen.size > max) throw problem('EFBIG', `${path} is larger than ${max} bytes`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  },
};
