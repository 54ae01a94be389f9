import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jobKeyText } from '../../src/gate/ledger/key.ts';
import { type Disk, fileDisk } from '../../src/gate/ledger/files/disk.ts';
import { testClock } from './support/clock.ts';
import { hold, newFolder, open, quick } from './support/open.ts';
import { after, session, waiting } from './support/records.ts';
import { systemError, trappedDisk } from './support/traps.ts';

// Exactly one gate is the holder. Waits are real and short; what must not happen within a wait is decided by a clock of
// the test's own.

const job = jobKeyText(waiting().key);
const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function eventually(fits: () => boolean): Promise<void> {
  const limit = Date.now() + 10_000;
  while (!fits()) {
    if (Date.now() > limit) throw new Error('it did not come to be');
    await wait(5);
  }
}

/** A disk that tells how often a standby has looked at it. */
function watchedDisk(folder: string): { readonly disk: Disk; looks: (more: number) => Promise<void> } {
  let looks = 0;
  const disk = trappedDisk({
    after({ call, path }) {
      if (call === 'names' && path === folder) looks++;
    },
  });
  return {
    disk,
    async looks(more) {
      const enough = looks + more;
      await eventually(() => looks >= enough);
    },
  };
}

const holders = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith('holder.'));

describe('a gate', () => {
  it('of a new ledger is its holder at once, in epoch 1', async () => {
    const { ledger, epoch } = await hold(newFolder());
    expect(epoch).toBe(1);
    expect(ledger.epoch()).toBe(1);
    expect((await ledger.acquire()).epoch).toBe(1);
  });

  it('is a standby until it has acquired the ledger, and changes nothing', async () => {
    const ledger = await open(newFolder());
    expect(ledger.epoch()).toBeNull();
    expect(await ledger.create(waiting())).toBe(false);
    expect(await ledger.swap(after(waiting()))).toBe(false);
    expect(await ledger.putSession(session())).toBe(false);
    await expect(ledger.bind('runner-1', job)).rejects.toMatchObject({ code: 'gate-standby', status: 503 });
    expect(await ledger.list({})).toEqual([]);
  });

  it('that steps down is followed at once, by a newer epoch, however long a turn may live', async () => {
    const folder = newFolder();
    const { ledger: first } = await hold(folder);
    const second = await open(folder);
    const turn = await first.acquire();
    const acquiring = second.acquire();
    await first.stepDown();
    expect(await turn.ended).toBe('this gate has stepped down');
    expect(first.epoch()).toBeNull();
    expect((await acquiring).epoch).toBeGreaterThan(1);
  });

  it('that closes steps down; one that was waiting is told', async () => {
    const folder = newFolder();
    const { ledger: first } = await hold(folder);
    const second = await open(folder);
    const acquiring = second.acquire().catch((error: unknown) => error);
    await second.close();
    expect(await acquiring).toMatchObject({ code: 'gate-stopping' });
    await first.close();
    await first.close();
    const third = await open(folder);
    expect((await third.acquire()).epoch).toBe(3);
  });

  it('that has stepped down may be the holder again, in a newer epoch', async () => {
    const { ledger, epoch } = await hold(newFolder());
    await ledger.create(waiting({ epoch }));
    await ledger.stepDown();
    const turn = await ledger.acquire();
    expect(turn.epoch).toBeGreaterThan(epoch);
    expect(await ledger.swap(after(waiting({ epoch })))).toBe(false);
    expect(await ledger.swap(after(waiting({ epoch: turn.epoch })))).toBe(true);
  });

  it.each(['', 'a b', 'a\n', 'é', 'x'.repeat(257)])('is not called %j', async (holder) => {
    await expect(open(newFolder(), { holder })).rejects.toMatchObject({
      code: 'ledger-failed',
      message: 'the name of a holder is 1 to 256 printable characters without blanks',
    });
  });

  it.each([{ renew: 10_000 }, { stop: 15_000 }, { life: 10_000 }])(
    'does not start with times in which two could act at once: %j',
    async (timing) => {
      await expect(open(newFolder(), { timing })).rejects.toMatchObject({
        code: 'ledger-failed',
        message: expect.stringContaining('must be renew < stop < life'),
      });
    },
  );
});

describe("the ledger's times", () => {
  it.each([0, -1, Number.NaN, 2 ** 31])('are none that a timer does not take: %s', async (ms) => {
    for (const name of ['life', 'renew', 'retry', 'stop', 'poll', 'call', 'sweep'])
      await expect(open(newFolder(), { timing: { [name]: ms } })).rejects.toMatchObject({
        code: 'ledger-failed',
        message: "each of the ledger's times must be 1 to 2147483647 ms",
      });
    await open(newFolder(), { timing: { kept: 2 ** 40 } });
  });
});

describe('a turn', () => {
  it('is renewed by itself, and its record stays small', async () => {
    const folder = newFolder();
    const { ledger, epoch } = await hold(folder, { timing: { ...quick, renew: 10 } });
    const newest = (): number => Math.max(...holders(folder).map((name) => Number(name.split('.')[1])));
    await eventually(() => newest() > epoch + 5);
    expect(ledger.epoch()).toBe(epoch);
    expect(holders(folder)).toContain(`holder.${epoch}`);
    expect(holders(folder).length).toBeLessThanOrEqual(3);
  });

  it('is never followed while it is renewed, however often nearly too late', async () => {
    const folder = newFolder();
    const clock = testClock();
    const { disk, looks } = watchedDisk(folder);
    const { ledger: first } = await hold(folder, { clock: testClock(), timing: { poll: 5, renew: 5 } });
    const second = await open(folder, { clock, disk, timing: { poll: 5 } });
    const acquiring = second.acquire().catch(() => 'closed');
    for (let n = 0; n < 5; n++) {
      const [before] = holders(folder).slice(-1);
      await eventually(() => holders(folder).at(-1) !== before);
      await looks(2);
      clock.pass(14_000);
    }
    await looks(2);
    expect([second.epoch(), first.epoch()]).toEqual([null, 1]);
    await second.close();
    expect(await acquiring).toBe('closed');
  });

  it('is over when it could not be renewed for ten seconds, and for good', async () => {
    const clock = testClock();
    let failing = true;
    const disk = trappedDisk({
      before({ call, path }) {
        if (failing && call === 'link' && path.endsWith('holder.2')) throw systemError('EIO');
      },
    });
    const { ledger, epoch } = await hold(newFolder(), { clock, disk, timing: { poll: 5, renew: 5, retry: 5 } });
    const turn = await ledger.acquire();
    await eventually(() => ledger.broken() !== null);
    expect(ledger.broken()).toMatch(/cannot be used: its disk reports errors$/);
    clock.pass(9_999);
    expect(ledger.epoch()).toBe(epoch);
    clock.pass(1);
    expect(ledger.epoch()).toBeNull();
    expect(await ledger.create(waiting({ epoch }))).toBe(false);
    expect(await turn.ended).toBe("the ledger's holder record could not be renewed for 10000 ms");
    failing = false;
    expect((await ledger.acquire()).epoch).toBe(epoch + 1);
    await eventually(() => ledger.broken() === null);
  });

  it('goes on when one renewal fails', async () => {
    const clock = testClock();
    let failures = 3;
    const disk = trappedDisk({
      before({ call, path }) {
        if (call === 'link' && path.endsWith('holder.2') && failures-- > 0) throw systemError('EIO');
      },
    });
    const folder = newFolder();
    const { ledger, epoch } = await hold(folder, { clock, disk, timing: { poll: 5, renew: 5, retry: 5 } });
    await eventually(() => holders(folder).includes('holder.3'));
    clock.pass(9_000);
    await eventually(() => ledger.broken() === null);
    expect(ledger.epoch()).toBe(epoch);
  });

  it('of a gate that died is followed after fifteen seconds on the clock of the one that waits', async () => {
    const folder = newFolder();
    const clock = testClock();
    const { ledger: first } = await hold(folder, { clock: testClock(), timing: { poll: 5, renew: 9_000 } });
    const { disk, looks } = watchedDisk(folder);
    const second = await open(folder, { clock, disk, timing: { poll: 5 } });
    const acquiring = second.acquire();
    await looks(2);
    clock.pass(14_999);
    await looks(3);
    expect(second.epoch()).toBeNull();
    clock.pass(1);
    expect((await acquiring).epoch).toBe(2);
    // The first one has not noticed: its own clock stands still.
    expect(first.epoch()).toBe(1);
    expect(await first.create(waiting({ epoch: 1 }))).toBe(false);
    expect(first.epoch()).toBeNull();
    expect(await second.list({})).toEqual([]);
  });

  it('does not care for the wall clock, a year ahead or back', async () => {
    const folder = newFolder();
    const clock = testClock();
    const { ledger: first } = await hold(folder, { clock, timing: { poll: 5, renew: 5 } });
    const { disk, looks } = watchedDisk(folder);
    const second = await open(folder, { clock, disk, timing: { poll: 5, renew: 5 } });
    const acquiring = second.acquire().catch(() => 'closed');
    await looks(2);
    for (const step of [365 * 86_400_000, -2 * 365 * 86_400_000]) {
      clock.step(step);
      await looks(3);
      expect([first.epoch(), second.epoch()]).toEqual([1, null]);
      expect(await first.create(waiting({ epoch: 1, slot: step > 0 ? 1 : 2 }))).toBe(true);
    }
    await second.close();
    expect(await acquiring).toBe('closed');
  });
});

describe('two gates that want the ledger at once', () => {
  it('get an epoch each, and the older is refused everywhere', async () => {
    const folder = newFolder();
    const clocks = [testClock(), testClock()] as const;
    const watched = [watchedDisk(folder), watchedDisk(folder)] as const;
    const gates = await Promise.all(
      clocks.map((clock, n) => open(folder, { clock, disk: watched[n]!.disk, timing: { poll: 5, renew: 9_000 } })),
    );
    const turns = gates.map((gate) => gate.acquire());
    const first = await Promise.race(turns.map((turn, n) => turn.then(() => n)));
    const [older, newer] = first === 0 ? gates : [...gates].reverse();
    const one = waiting({ epoch: 1 });
    expect(await older!.create(one)).toBe(true);
    expect(await older!.bind('runner-1', job)).toBe(job);
    expect(await older!.putSession(session())).toBe(true);
    expect(newer!.epoch()).toBeNull();

    await watched[1 - first]!.looks(2);
    clocks[1 - first]!.pass(15_000);
    const epochs = (await Promise.all(turns)).map(({ epoch }) => epoch);
    expect(new Set(epochs)).toEqual(new Set([1, 2]));

    // By its own clock the older one still holds it.
    expect(older!.epoch()).toBe(1);
    expect(await older!.swap(after(one, { phase: 'starting' }))).toBe(false);
    expect(older!.epoch()).toBeNull();
    expect(await older!.create(waiting({ slot: 2 }))).toBe(false);
    expect(await older!.putSession(session({ rev: 2, job }))).toBe(false);
    await expect(older!.bind('runner-2', job)).rejects.toMatchObject({ code: 'gate-standby' });
    await older!.closeSession(session().session);
    await older!.stepDown();

    expect(newer!.epoch()).toBe(2);
    expect(await newer!.sessions()).toEqual([session()]);
    expect(await newer!.list({})).toEqual([{ record: one }]);
    expect(await newer!.swap(after(one, { epoch: 2, phase: 'starting' }))).toBe(true);
    expect(await newer!.bind('runner-1', 'never')).toBe(job);
  });

  it('never get the same one, of forty', async () => {
    const folder = newFolder();
    const gates = await Promise.all(Array.from({ length: 8 }, () => open(folder, { timing: { poll: 3 } })));
    const epochs: number[] = [];
    await Promise.all(
      gates.map(async (gate) => {
        for (let n = 0; n < 5; n++) {
          epochs.push((await gate.acquire()).epoch);
          expect(gates.filter((one) => one.epoch() !== null)).toHaveLength(1);
          await gate.stepDown();
        }
      }),
    );
    expect(new Set(epochs).size).toBe(40);
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
  });
});

describe("the holder's record", () => {
  const whole = { v: 1, holder: 'other', instance: 'b'.repeat(32), epoch: 7, released: false };
  const text = (change: object): string => JSON.stringify({ ...whole, ...change });

  it('that says "released" is followed at once, by the next revision', async () => {
    const folder = newFolder();
    await open(folder);
    writeFileSync(join(folder, 'holder.7'), text({ released: true }));
    const { epoch } = await hold(folder);
    expect(epoch).toBe(8);
    expect(holders(folder)).toEqual(['holder.8']);
    const { holder, released } = JSON.parse(readFileSync(join(folder, 'holder.8'), 'utf8'));
    expect([holder, released]).toEqual(['test', false]);
  });

  it.each([
    ['whole', text({})],
    ['empty', ''],
    ['cut off', text({}).slice(0, 40)],
    ['of another version', text({ v: 2, released: true })],
    ['with a field more', text({ released: true, more: 1 })],
    ['with a key twice', text({ released: true }).replace('"v":1', '"v":1,"v":1')],
    ['larger than it may be', text({ released: true }) + ' '.repeat(5_000)],
  ])('that is %s is followed when it has not changed for as long as a turn lives', async (_what, content) => {
    const folder = newFolder();
    await open(folder);
    writeFileSync(join(folder, 'holder.7'), content);
    const clock = testClock();
    const { disk, looks } = watchedDisk(folder);
    const ledger = await open(folder, { clock, disk, timing: { poll: 5 } });
    const acquiring = ledger.acquire();
    await looks(2);
    expect(ledger.epoch()).toBeNull();
    clock.pass(15_000);
    expect((await acquiring).epoch).toBe(8);
  });

  it('has no other names than holder.<number>', async () => {
    const folder = newFolder();
    await open(folder);
    for (const name of ['holder.07', 'holder.0', 'holder.9999999999999999', 'holder.8.tmp', 'holder', 'xholder.9'])
      writeFileSync(join(folder, name), text({}));
    expect((await hold(folder)).epoch).toBe(1);
  });
});

describe('a disk that hangs', () => {
  it('ends the turn in time, and a write that nobody knows about ends it at once', async () => {
    let hang = false;
    const disk = trappedDisk({
      before: ({ call, path }) =>
        hang && call === 'link' && path.includes('tasks') ? new Promise(() => undefined) : undefined,
    });
    const { ledger, epoch } = await hold(newFolder(), { disk, timing: { poll: 20, call: 100 } });
    const turn = await ledger.acquire();
    hang = true;
    await expect(ledger.create(waiting({ epoch }))).rejects.toMatchObject({ code: 'ledger-failed' });
    expect(await turn.ended).toBe('the disk did not say whether a record was written, so the ledger must be read anew');
    hang = false;
    expect((await ledger.acquire()).epoch).toBe(epoch + 1);
    expect(await ledger.create(waiting({ epoch: epoch + 1 }))).toBe(true);
  });

  it('does not leave files open: what opens late is closed', async () => {
    const closed: string[] = [];
    let slow = false;
    const disk = trappedDisk(
      {},
      {
        ...fileDisk,
        async create(path) {
          const late = slow;
          if (late) await wait(150);
          const file = await fileDisk.create(path);
          return {
            ...file,
            close: async () => {
              await file.close();
              if (late) closed.push(path);
            },
          };
        },
      },
    );
    const { ledger, epoch } = await hold(newFolder(), { disk, timing: { poll: 20, call: 50 } });
    slow = true;
    await expect(ledger.create(waiting({ epoch }))).rejects.toMatchObject({ code: 'ledger-failed' });
    slow = false;
    await eventually(() => closed.length === 1);
  });
});
