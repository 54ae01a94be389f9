import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jobKeyText } from '../../src/gate/ledger/key.ts';
import { steadyClock } from '../../src/gate/ledger/files/steady-clock.ts';
import type { LedgerRecord } from '../../src/gate/index.ts';
import { testClock } from './support/clock.ts';
import { type Held, hold, newFolder, open } from './support/open.ts';
import { after, ended, session, waiting } from './support/records.ts';
import { systemError, trappedDisk } from './support/traps.ts';

// Records are kept for seven days after their end, by a clock that a step of the wall clock does not move.

const day = 24 * 3_600_000;
const week = 7 * day;

async function eventually(fits: () => boolean | Promise<boolean>): Promise<void> {
  const limit = Date.now() + 10_000;
  while (!(await fits())) {
    if (Date.now() > limit) throw new Error('it did not come to be');
    await new Promise((later) => setTimeout(later, 5));
  }
}

/** Each sweep looks at the bindings once; so they can be counted. */
function countedDisk(): { readonly disk: ReturnType<typeof trappedDisk>; sweeps: (more: number) => Promise<void> } {
  let sweeps = 0;
  const disk = trappedDisk({
    before({ call, path }) {
      if (call === 'names' && path.endsWith('bindings')) sweeps++;
    },
  });
  return {
    disk,
    async sweeps(more) {
      const enough = sweeps + more;
      await eventually(() => sweeps >= enough);
    },
  };
}

const timing = { poll: 5, sweep: 5, stop: 20 * day, life: 24 * day };
const slotOf = (epoch: number, slot: number, runId = '1000'): LedgerRecord =>
  waiting({ epoch, slot, key: { ...waiting().key, runId } });

/** Creates a task and ends it. */
async function done({ ledger, epoch }: Held, slot: number, at: number, runId?: string): Promise<void> {
  const record = slotOf(epoch, slot, runId);
  expect(await ledger.create(record)).toBe(true);
  expect(await ledger.swap(ended(record, at))).toBe(true);
}

describe('a sweep', () => {
  it('removes what ended seven days ago, and never what is open or cannot be read', async () => {
    const folder = newFolder();
    const clock = testClock();
    const { disk, sweeps } = countedDisk();
    const held = await hold(folder, { clock, disk, timing });
    const { ledger, epoch } = held;
    const unreadable = `${jobKeyText(slotOf(epoch, 9).key)}.9.1`;
    writeFileSync(join(folder, 'tasks', unreadable), '');
    await done(held, 1, clock.now());
    await done(held, 2, clock.now() + 3 * day);
    await ledger.create(slotOf(epoch, 3));
    await ledger.swap(after(slotOf(epoch, 3), { phase: 'building', cell: 'c' }));
    const slots = async (): Promise<number[]> =>
      (await ledger.list({})).map((one) => ('record' in one ? one.record.slot : one.slot)).sort((a, b) => a - b);

    clock.pass(week);
    await sweeps(3);
    expect(await slots()).toEqual([1, 2, 3, 9]);
    clock.pass(1);
    await eventually(async () => (await slots()).length === 3);
    expect(await slots()).toEqual([2, 3, 9]);
    // Seven days after its own end the second one goes too; the others would stay for years.
    clock.pass(3 * day);
    await eventually(async () => (await slots()).length === 2);
    clock.pass(9 * day);
    await sweeps(3);
    expect(await slots()).toEqual([3, 9]);
    expect(readdirSync(join(folder, 'tasks'))).toContain(unreadable);
  });

  it('goes on where it stopped, so many at a time', async () => {
    const folder = newFolder();
    const clock = testClock();
    const { disk, sweeps } = countedDisk();
    const held = await hold(folder, { clock, disk, timing, bounds: { sweep: 2 } });
    for (let slot = 1; slot <= 7; slot++) await done(held, slot, clock.now());
    clock.pass(week + 1);
    await sweeps(1);
    await eventually(async () => (await held.ledger.list({})).length === 0);
    expect(readdirSync(join(folder, 'tasks'))).toEqual([]);
  });

  it('keeps a binding for seven days, and for as long as its job has a record', async () => {
    const folder = newFolder();
    const clock = testClock();
    const { disk, sweeps } = countedDisk();
    const { ledger, epoch } = await hold(folder, { clock, disk, timing });
    const [first, other, third] = ['1', '2', '3'].map((runId) => jobKeyText(slotOf(epoch, 1, runId).key));
    await ledger.create(slotOf(epoch, 1, '1'));
    await ledger.bind('runner-open', first!);
    await ledger.bind('runner-other', other!);
    clock.pass(day);
    await ledger.bind('runner-new', other!);
    clock.pass(6 * day + 1);
    await eventually(() => readdirSync(join(folder, 'bindings')).length === 2);
    await sweeps(2);
    expect(await ledger.bind('runner-open', third!)).toBe(first);
    expect(await ledger.bind('runner-new', third!)).toBe(other);
    expect(await ledger.bind('runner-other', third!)).toBe(third);
  });

  it('removes a session that nobody closed', async () => {
    const folder = newFolder();
    const clock = testClock();
    const { disk, sweeps } = countedDisk();
    const { ledger, epoch } = await hold(folder, { clock, disk, timing });
    await ledger.putSession(session({ epoch, opened: clock.now() }));
    clock.pass(week);
    await sweeps(2);
    expect(await ledger.sessions()).toHaveLength(1);
    clock.pass(1);
    await eventually(async () => (await ledger.sessions()).length === 0);
  });

  it('tidies up what a crash left between the first and the last revision', async () => {
    const folder = newFolder();
    const { disk, sweeps } = countedDisk();
    let failing = false;
    const crashing = trappedDisk(
      {
        before({ call }) {
          if (failing && call === 'rename') throw systemError('EIO');
        },
      },
      disk,
    );
    const { ledger, epoch } = await hold(folder, {
      clock: testClock(),
      disk: crashing,
      timing: { ...timing, sweep: 20 },
    });
    const two = after(slotOf(epoch, 1), { phase: 'starting' });
    failing = true;
    await ledger.create(slotOf(epoch, 1));
    await ledger.swap(two);
    expect(await ledger.swap(ended(two))).toBe(true);
    expect(readdirSync(join(folder, 'tasks'))).toHaveLength(3);
    failing = false;
    await sweeps(1);
    await eventually(() => readdirSync(join(folder, 'tasks')).length === 2);
    expect(await ledger.list({})).toEqual([{ record: ended(two) }]);
  });

  it('is the business of the holder alone', async () => {
    const folder = newFolder();
    const clock = testClock();
    const { disk, sweeps } = countedDisk();
    const held = await hold(folder, { clock, timing: { ...timing, sweep: 100_000 } });
    await done(held, 1, clock.now());
    clock.pass(2 * week);
    const standby = await open(folder, { clock, disk, timing });
    await new Promise((wait) => setTimeout(wait, 50));
    expect(await standby.list({})).toHaveLength(1);
    await held.ledger.close();
    await standby.acquire();
    await sweeps(1);
    await eventually(async () => (await standby.list({})).length === 0);
  });
});

describe('the clock of ages', () => {
  it('passes as time passes', () => {
    const clock = testClock();
    const now = steadyClock(clock, week);
    expect(now()).toBe(clock.now());
    clock.pass(day);
    expect(now()).toBe(clock.now());
  });

  it('does not follow a jump ahead until the wall clock has kept to it for the whole time', () => {
    const clock = testClock();
    const now = steadyClock(clock, week);
    const start = now();
    clock.step(365 * day);
    expect(now()).toBe(start);
    clock.pass(week - 1);
    expect(now()).toBe(start + week - 1);
    clock.pass(1);
    expect(now()).toBe(clock.now());
  });

  it('forgets a jump ahead that was taken back', () => {
    const clock = testClock();
    const now = steadyClock(clock, week);
    clock.step(365 * day);
    expect(now()).toBe(clock.now() - 365 * day);
    clock.pass(6 * day);
    clock.step(-365 * day);
    expect(now()).toBe(clock.now());
    clock.step(365 * day);
    expect(now()).toBe(clock.now() - 365 * day);
    clock.pass(2 * day);
    expect(now()).toBe(clock.now() - 365 * day);
  });

  it('follows a step back at once, and a slow correction', () => {
    const clock = testClock();
    const now = steadyClock(clock, week);
    clock.step(-day);
    expect(now()).toBe(clock.now());
    for (let n = 0; n < 100; n++) {
      clock.step(30_000);
      expect(now()).toBe(clock.now());
    }
  });

  it('keeps the ledger when the wall clock jumps a year ahead and back', async () => {
    const folder = newFolder();
    const clock = testClock();
    const { disk, sweeps } = countedDisk();
    const held = await hold(folder, { clock, disk, timing });
    await done(held, 1, clock.now());
    await held.ledger.bind('runner-1', jobKeyText(waiting().key));
    for (const jump of [365 * day, -365 * day]) {
      clock.step(jump);
      await sweeps(3);
      expect(await held.ledger.list({})).toHaveLength(1);
      expect(readdirSync(join(folder, 'bindings'))).toHaveLength(1);
    }
  });
});
