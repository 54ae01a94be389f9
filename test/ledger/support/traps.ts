import { type Disk, type NewFile, fileDisk } from '../../../src/gate/ledger/files/disk.ts';

// A real disk on which a test can do something at any single call: die, freeze, fail, or only write it down.

export interface Step {
  readonly call: string;
  /** Of a link the new name, of a renaming the old one. */
  readonly path: string;
}

export interface Hooks {
  /** Before the call; may throw in its place, or never return. `bytes`: of a write. */
  readonly before?: (step: Step, bytes?: Uint8Array, file?: NewFile) => void | Promise<void>;
  readonly after?: (step: Step) => void | Promise<void>;
}

export function trappedDisk({ before, after }: Hooks, disk: Disk = fileDisk): Disk {
  async function run<T>(step: Step, work: () => Promise<T>, bytes?: Uint8Array, file?: NewFile): Promise<T> {
    await before?.(step, bytes, file);
    const value = await work();
    await after?.(step);
    return value;
  }

  return {
    create: (path) =>
      run({ call: 'create', path }, async () => {
        const file = await disk.create(path);
        return {
          write: (bytes) => run({ call: 'write', path }, () => file.write(bytes), bytes, file),
          sync: () => run({ call: 'sync', path }, () => file.sync()),
          close: () => run({ call: 'close', path }, () => file.close()),
        };
      }),
    link: (from, path) => run({ call: 'link', path }, () => disk.link(from, path)),
    rename: (path, to) => run({ call: 'rename', path }, () => disk.rename(path, to)),
    unlink: (path) => run({ call: 'unlink', path }, () => disk.unlink(path)),
    makeFolder: (path) => run({ call: 'makeFolder', path }, () => disk.makeFolder(path)),
    removeFolder: (path) => run({ call: 'removeFolder', path }, () => disk.removeFolder(path)),
    syncFolder: (path) => run({ call: 'syncFolder', path }, () => disk.syncFolder(path)),
    names: (path) => run({ call: 'names', path }, () => disk.names(path)),
    look: (path) => run({ call: 'look', path }, () => disk.look(path)),
    read: (path, max) => run({ call: 'read', path }, () => disk.read(path, max)),
  };
}

export const systemError = (code: string): Error => Object.assign(new Error(`${code}: as a test wants it`), { code });
