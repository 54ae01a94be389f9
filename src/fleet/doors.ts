// The runners' doors: for each a folder with one socket, which is all of the machine that it sees. Whoever reaches the
// socket is that runner, so the folder above them all is the gate's user's alone.

import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Gate, type Listener, listenOnSocket } from '../gate/index.ts';
import { isOwn } from './names.ts';
import { socketName } from './specification.ts';

export interface Doors {
  /** The folder that is mounted into the runner. */
  folderOf(name: string): string;
  /** Opens it, also after a gate that was killed: what stands there of the same name is taken over. Idempotent. */
  open(name: string): Promise<void>;
  /** Closes it and takes the folder away: the runner is gone. */
  remove(name: string): Promise<void>;
  /** Closes all and leaves the folders: the runners are the next gate's. */
  closeAll(): Promise<void>;
  /** Takes away what runners left behind that are not there any more. */
  sweep(isKnown: (name: string) => boolean): Promise<void>;
}

export function createDoors(gate: Gate, folder: string, prefix: string): Doors {
  const open = new Map<string, Promise<Listener>>();
  const folderOf = (name: string): string => join(folder, name);

  async function listen(name: string): Promise<Listener> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const own = folderOf(name);
    await mkdir(own, { recursive: true });
    // Whatever the umask is: the runner's user is not the gate's, and has to pass.
    await chmod(own, 0o755);
    return listenOnSocket(gate, { name, path: join(own, socketName), ephemeral: true });
  }

  async function close(name: string): Promise<void> {
    const listening = open.get(name);
    open.delete(name);
    const listener = await listening?.catch(() => undefined);
    await listener?.close();
  }

  return {
    folderOf,
    async open(name) {
      let listening = open.get(name);
      if (listening === undefined) {
        listening = listen(name);
        open.set(name, listening);
        listening.catch(() => open.delete(name));
      }
      await listening;
    },
    async remove(name) {
      await close(name);
      await rm(folderOf(name), { recursive: true, force: true });
    },
    async closeAll() {
      await Promise.all([...open.keys()].map(close));
    },
    async sweep(isKnown) {
      const names = await readdir(folder).catch(() => []);
      const left = names.filter((name) => isOwn(prefix, name) && !open.has(name) && !isKnown(name));
      await Promise.all(left.map((name) => rm(folderOf(name), { recursive: true, force: true })));
    },
  };
}
