import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jobKeyText } from '../../src/gate/ledger/key.ts';
import { startChild, useChildren } from './support/children.ts';
import { hold, newFolder, open } from './support/open.ts';
import { after, waiting } from './support/records.ts';
import { systemError, trappedDisk } from './support/traps.ts';

// A disk that cannot be written: nothing starts, everything says why, and it works again by itself.

useChildren();

const job = jobKeyText(waiting().key);

async function eventually(fits: () => boolean | Promise<boolean>): Promise<void> {
  const limit = Date.now() + 10_000;
  while (!(await fits())) {
    if (Date.now() > limit) throw new Error('it did not come to be');
    await new Promise((later) => setTimeout(later, 10));
  }
}

/** How this user may have a file system of its own: as root, in a user namespace, or not at all. */
function ownMounts(): readonly string[] | null {
  const ways = [
    ['unshare', '-m'],
    ['unshare', '-rm'],
  ];
  const mount = ['mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', '/mnt'];
  return ways.find(([command = '', ...args]) => spawnSync(command, [...args, ...mount]).status === 0) ?? null;
}

const mounts = ownMounts();

describe(`a full disk (${mounts === null ? 'played: no mounts here' : 'a tmpfs of 256 KiB'})`, () => {
  it('starts nothing, keeps the holder and what was written, and serves again when there is space', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    const timing = { renew: 50, retry: 50, poll: 20 };
    const full = { now: false };
    const around =
      mounts === null
        ? []
        : [...mounts, 'sh', '-c', 'mount -t tmpfs -o size=256k,mode=0700 none "$0" && exec "$@"', folder];
    const played = trappedDisk({
      before({ call }) {
        if (full.now && call === 'write') throw systemError('ENOSPC');
      },
    });
    const here = mounts === null ? await open(folder, { disk: played, timing }) : null;
    const child = here === null ? startChild({ folder, timing }, around) : null;
    type Method = 'acquire' | 'create' | 'swap' | 'read' | 'epoch' | 'broken' | 'bind';
    const call = (method: Method, ...args: unknown[]): Promise<unknown> =>
      child === null
        ? Promise.resolve((here![method] as (...all: unknown[]) => unknown)(...args))
        : child.call(method, ...args);

    const acquired = (await call('acquire')) as number | { epoch: number };
    const epoch = typeof acquired === 'number' ? acquired : acquired.epoch;
    const one = waiting({ epoch });
    expect(await call('create', one)).toBe(true);

    full.now = true;
    await child?.call('fill');
    const failed = { code: 'ledger-failed', message: `the ledger's folder ${folder} cannot be used: its disk is full` };
    for (let n = 0; n < 3; n++) await expect(call('create', waiting({ epoch, slot: 2 }))).rejects.toMatchObject(failed);
    await expect(call('swap', after(one, { phase: 'starting' }))).rejects.toMatchObject(failed);
    await expect(call('bind', 'runner-1', job)).rejects.toMatchObject(failed);
    expect(await call('broken')).toBe(failed.message);
    expect(await call('read', job, 1)).toEqual({ record: one });
    expect(await call('read', job, 2)).toBeNull();
    // A renewal needs no space, so running tasks keep their gate.
    await new Promise((later) => setTimeout(later, 200));
    expect(await call('epoch')).toBe(epoch);
    expect(await call('broken')).toBe(failed.message);

    full.now = false;
    await child?.call('empty');
    await eventually(async () => (await call('broken')) === null);
    expect(await call('swap', after(one, { phase: 'starting' }))).toBe(true);
    expect(await call('create', waiting({ epoch, slot: 2 }))).toBe(true);
    expect(await call('bind', 'runner-1', job)).toBe(job);
    expect(await call('epoch')).toBe(epoch);
  });
});

describe('a disk that fails', () => {
  it.each([
    ['ENOSPC', 'its disk is full'],
    ['EDQUOT', 'its disk quota is used up'],
    ['EROFS', 'its file system is read-only'],
    ['EACCES', 'the gate may not use it; check its owner and mode'],
    ['EIO', 'its disk reports errors'],
    ['EMFILE', 'this process has too many open files'],
    ['EUNHEARDOF', 'EUNHEARDOF'],
  ])('with %s at any step of a write starts nothing, and the next try succeeds', async (code, sentence) => {
    for (const step of ['create', 'write', 'sync', 'link']) {
      const folder = newFolder();
      let failing = false;
      const disk = trappedDisk({
        before({ call }) {
          if (failing && call === step) throw systemError(code);
        },
      });
      const { ledger, epoch } = await hold(folder, { disk });
      failing = true;
      await expect(ledger.create(waiting({ epoch }))).rejects.toMatchObject({
        code: 'ledger-failed',
        message: `the ledger's folder ${folder} cannot be used: ${sentence}`,
      });
      failing = false;
      expect(await ledger.read(job, 1)).toBeNull();
      expect(await ledger.create(waiting({ epoch }))).toBe(true);
      expect(ledger.broken()).toBeNull();
    }
  });

  it('when a folder cannot be synced, ends the turn: nobody knows what stands, so it is read anew', async () => {
    let failing = false;
    const disk = trappedDisk({
      before({ call, path }) {
        if (failing && call === 'syncFolder' && path.endsWith('tasks')) throw systemError('EIO');
      },
    });
    const { ledger, epoch } = await hold(newFolder(), { disk });
    const { ended } = await ledger.acquire();
    failing = true;
    await expect(ledger.create(waiting({ epoch }))).rejects.toMatchObject({
      code: 'ledger-failed',
      message: expect.stringContaining('its disk reports errors'),
    });
    expect(await ended).toBe('the disk did not say whether a record was written, so the ledger must be read anew');
    expect(ledger.epoch()).toBeNull();
    failing = false;
    const turn = await ledger.acquire();
    expect(await ledger.read(job, 1)).toEqual({ record: waiting({ epoch }) });
    expect(await ledger.swap(after(waiting(), { epoch: turn.epoch, phase: 'starting' }))).toBe(true);
  });

  it('when it cannot be read, says so instead of an empty ledger', async () => {
    let failing = false;
    const disk = trappedDisk({
      before({ call }) {
        if (failing && (call === 'names' || call === 'read')) throw systemError('EMFILE');
      },
    });
    const { ledger, epoch } = await hold(newFolder(), { disk, bounds: { cached: 0 } });
    await ledger.create(waiting({ epoch }));
    failing = true;
    for (const asked of [ledger.list({}), ledger.read(job, 1), ledger.sessions(), ledger.bind('runner-1', job)])
      await expect(asked).rejects.toMatchObject({
        code: 'ledger-failed',
        message: expect.stringContaining('open files'),
      });
    failing = false;
    expect(await ledger.list({})).toHaveLength(1);
  });
});

describe("the ledger's folder", () => {
  it('that is gone starts nothing and says so; when it is back, all is as before', async () => {
    const folder = newFolder();
    const { ledger, epoch } = await hold(folder, { timing: { poll: 10, renew: 20, retry: 20 } });
    await ledger.create(waiting({ epoch }));
    renameSync(folder, `${folder}-away`);
    await expect(ledger.create(waiting({ epoch, slot: 2 }))).rejects.toMatchObject({
      code: 'ledger-failed',
      message: `the ledger's folder ${folder} cannot be used: it is gone`,
    });
    expect(ledger.broken()).toContain('it is gone');
    renameSync(`${folder}-away`, folder);
    const turn = await ledger.acquire();
    expect(await ledger.list({})).toEqual([{ record: waiting({ epoch }) }]);
    expect(await ledger.create(waiting({ epoch: turn.epoch, slot: 2 }))).toBe(true);
  });

  it('that was replaced by an empty one is not taken for a ledger in which nothing was started', async () => {
    const folder = newFolder();
    const { ledger } = await hold(folder, { timing: { poll: 10, renew: 20, retry: 20 } });
    await ledger.stepDown();
    rmSync(folder, { recursive: true });
    const other = await open(folder);
    const acquiring = ledger.acquire().catch(() => 'closed');
    await eventually(() => ledger.broken() !== null);
    expect(ledger.broken()).toBe(
      `the ledger's folder ${folder} is not the one that was opened; start the gate anew to use this one`,
    );
    expect((await other.acquire()).epoch).toBe(1);
    await ledger.close();
    expect(await acquiring).toBe('closed');
  });

  it('whose id cannot be read is refused', async () => {
    const folder = newFolder();
    await (await open(folder)).close();
    writeFileSync(join(folder, 'id'), 'x');
    await expect(open(folder)).rejects.toMatchObject({
      code: 'ledger-failed',
      message: `the ledger's ${join(folder, 'id')} does not hold its id`,
    });
  });

  it('is opened by eight gates at once, which then agree on its id', async () => {
    const folder = newFolder();
    const ledgers = await Promise.all(Array.from({ length: 8 }, () => open(folder)));
    expect(new Set(ledgers.map(({ id }) => id)).size).toBe(1);
    for (const ledger of ledgers) {
      await ledger.acquire();
      await ledger.close();
    }
    expect(readdirSync(join(folder, 'aside'))).toEqual([]);
  });

  it('is made with mode 0700 where it is missing, but not its parent', async () => {
    const folder = newFolder();
    await expect(open(join(folder, 'deeper'))).rejects.toMatchObject({
      code: 'ledger-failed',
      message: `the ledger's folder ${join(folder, 'deeper')} cannot be used: it is gone`,
    });
    const { ledger, epoch } = await hold(folder);
    await ledger.create(waiting({ epoch }));
    const mode = (name: string): number => statSync(join(folder, name)).mode & 0o777;
    expect(['.', 'aside', 'tasks', 'bindings', 'sessions'].map(mode)).toEqual(Array(5).fill(0o700));
    expect(['id', 'holder.1', `tasks/${job}.1.1`].map(mode)).toEqual(Array(3).fill(0o600));
  });

  it('that others may write is refused with what to do; one that they may only read is taken', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    for (const mode of [0o770, 0o702, 0o1777]) {
      chmodSync(folder, mode);
      await expect(open(folder)).rejects.toMatchObject({
        code: 'ledger-failed',
        message: `the ledger's folder ${folder} can be written by others (mode ${(mode & 0o777).toString(8)}); run: chmod 700 ${folder}`,
      });
    }
    chmodSync(folder, 0o755);
    await hold(folder);
  });

  it('is not a link, and not a file', async () => {
    const folder = newFolder();
    await open(folder);
    const [link, file] = [join(dirname(folder), 'link'), join(dirname(folder), 'file')];
    symlinkSync(folder, link);
    writeFileSync(file, '');
    for (const path of [link, file])
      await expect(open(path)).rejects.toMatchObject({
        code: 'ledger-failed',
        message: `the ledger's ${path} is not a folder; a symbolic link is not followed`,
      });
    rmSync(join(folder, 'tasks'), { recursive: true });
    symlinkSync('/tmp', join(folder, 'tasks'));
    await expect(open(folder)).rejects.toMatchObject({
      message: `the ledger's ${join(folder, 'tasks')} is not a folder; a symbolic link is not followed`,
    });
  });

  it('of another user is refused', async () => {
    const folder = newFolder();
    const disk = trappedDisk({});
    const foreign = { ...disk, look: async (path: string) => ({ ...(await disk.look(path)), owner: 4_000 }) };
    const me = process.geteuid!();
    await expect(open(folder, { disk: foreign })).rejects.toMatchObject({
      code: 'ledger-failed',
      message: `the ledger's folder ${folder} belongs to user 4000; it must belong to user ${me}`,
    });
  });
});
