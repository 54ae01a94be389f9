// A disk that hangs must not hang the gate: the system gives no way to call a file operation off, so it is left behind.

import { within } from '../../limit.ts';
import { type Disk, type NewFile, problem } from './disk.ts';

/** The same disk, none of whose calls is waited for longer than `ms`. @throws code `ETIMEDOUT`: what it did is not known */
export function limitedDisk(disk: Disk, ms: number): Disk {
  const limited = <T>(call: string, work: Promise<T>): Promise<T> =>
    within(work, ms, () => {
      throw problem('ETIMEDOUT', `the file system did not answer ${call} within ${ms} ms`);
    });

  async function create(path: string): Promise<NewFile> {
    const opening = disk.create(path);
    try {
      const file = await limited('open', opening);
      return {
        write: (bytes) => limited('write', file.write(bytes)),
        sync: () => limited('fsync', file.sync()),
        close: () => limited('close', file.close()),
      };
    } catch (error) {
      opening.then((late) => late.close()).catch(() => undefined);
      throw error;
    }
  }

  return {
    create,
    link: (from, to) => limited('link', disk.link(from, to)),
    rename: (from, to) => limited('rename', disk.rename(from, to)),
    unlink: (path) => limited('unlink', disk.unlink(path)),
    makeFolder: (path) => limited('mkdir', disk.makeFolder(path)),
    removeFolder: (path) => limited('rmdir', disk.removeFolder(path)),
    syncFolder: (path) => limited('fsync', disk.syncFolder(path)),
    names: (path) => limited('readdir', disk.names(path)),
    look: (path) => limited('lstat', disk.look(path)),
    read: (path, max) => limited('read', disk.read(path, max)),
  };
}
