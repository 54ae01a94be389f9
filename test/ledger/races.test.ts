import { describe, expect, it } from 'vitest';
import type { LedgerRecord } from '../../src/gate/index.ts';
import { jobKeyText } from '../../src/gate/ledger/key.ts';
import type { Won } from './support/child.ts';
import { type Child, startChild, useChildren } from './support/children.ts';
import { hold, newFolder, open } from './support/open.ts';
import { after, waiting } from './support/records.ts';

// Four processes, none of which knows of the others, each with a right to write: only link() decides.

useChildren();

const processes = 4;
const soon = (): number => Date.now() + 300;

/** `jobs` × 20 slots, as one process would create them. */
function slots(jobs: number, process: number): LedgerRecord[] {
  return Array.from({ length: jobs * 20 }, (_, n) =>
    waiting({
      key: { ...waiting().key, runId: String(1 + Math.floor(n / 20)) },
      slot: 1 + (n % 20),
      nonce: process.toString(16).padStart(32, '0'),
    }),
  );
}

describe('four processes that all believe to be the holder', () => {
  it('share 20 slots of each of 10 jobs so that each slot has exactly one winner, who is the one in the ledger', async () => {
    const folder = newFolder();
    const ledger = await open(folder);
    const children = Array.from({ length: processes }, () => startChild({ folder, timing: {} }));
    await Promise.all(children.map((child) => child.call('open')));
    const at = soon();
    const won = await Promise.all(children.map((child, n) => child.call<number[]>('believe', slots(10, n), at)));
    const winners = won.flatMap((places, process) => places.map((place) => [place, process] as const));
    expect(winners.map(([place]) => place).sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, n) => n));
    for (const [place, process] of winners) {
      const record = slots(10, process)[place]!;
      expect(await ledger.read(jobKeyText(record.key), record.slot)).toEqual({ record });
    }
  });

  it('change one record 50 times each and lose no change', async () => {
    const folder = newFolder();
    const { ledger } = await hold(folder);
    await ledger.create(waiting());
    await ledger.swap(after(waiting(), { phase: 'building', cell: 'c', number: 7 }));
    const children = Array.from({ length: processes }, () => startChild({ folder, timing: {} }));
    await Promise.all(children.map((child) => child.call('open')));
    const job = jobKeyText(waiting().key);
    const at = soon();
    await Promise.all(children.map((child) => child.call<number>('increment', job, 50, at)));
    const reader = await open(folder);
    expect(await reader.read(job, 1)).toMatchObject({ record: { rev: 2 + 200, recoveries: 200 } });
  });
});

describe('four gates that take turns', () => {
  it('never both win a slot, and no epoch has two holders, while each is frozen in its turn and woken later', async () => {
    const folder = newFolder();
    const timing = { life: 120, renew: 20, retry: 10, stop: 80, poll: 5 };
    const children = Array.from({ length: processes }, () => startChild({ folder, timing }));
    await Promise.all(children.map((child) => child.call('open')));
    const serving = Promise.all(children.map((child, n) => child.call<Won[]>('serve', slots(100, n))));
    const reader = await open(folder);
    /** How many of the processes have won a slot. */
    async function winning(): Promise<number> {
      const stored = await reader.list({});
      return new Set(stored.map((one) => 'record' in one && one.record.nonce)).size;
    }

    const limit = Date.now() + 20_000;
    let frozen: Child | undefined;
    for (let n = 0; Date.now() < limit && (n < 8 || (await winning()) < 2); n++) {
      const awake = children.filter((child) => child !== frozen);
      const epochs = await Promise.all(awake.map((child) => child.call<number | null>('epoch')));
      const holder = awake[epochs.findIndex((epoch) => epoch !== null)];
      // The one before it wakes up in the middle of another gate's turn.
      frozen?.signal('SIGCONT');
      holder?.signal('SIGSTOP');
      frozen = holder;
      await new Promise((done) => setTimeout(done, 200));
    }
    frozen?.signal('SIGCONT');
    await Promise.all(children.map((child) => child.call('finish')));
    const winners = (await serving).flatMap((some, process) => some.map((one) => ({ ...one, process })));
    expect(new Set(winners.map(({ place }) => place)).size).toBe(winners.length);
    const holders = new Map<number, Set<number>>();
    for (const { epoch, process } of winners) holders.set(epoch, (holders.get(epoch) ?? new Set()).add(process));
    expect([...holders.values()].filter((some) => some.size > 1)).toEqual([]);
    expect(new Set(winners.map(({ process }) => process)).size).toBeGreaterThan(1);
  });
});
