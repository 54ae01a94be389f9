import { describe, expect, it } from 'vitest';
import type { Ledger, LedgerFilter, LedgerRecord } from '../../../src/gate/index.ts';
import { jobKeyText } from '../../../src/gate/ledger/key.ts';
import { after, ended, waiting } from './records.ts';

// What every ledger keeps, whatever it is made of.

export interface HeldLedger {
  readonly ledger: Ledger;
  /** Of the turn in which the test runs. */
  readonly epoch: number;
}

/** @param make gives a new, empty ledger whose holder is the test */
export function ledgerContract(make: () => Promise<HeldLedger>): void {
  const { key } = waiting();
  const job = jobKeyText(key);

  async function start(): Promise<HeldLedger & { slot: (n: number, change?: Partial<LedgerRecord>) => LedgerRecord }> {
    const { ledger, epoch } = await make();
    const slot = (n: number, change: Partial<LedgerRecord> = {}): LedgerRecord =>
      waiting({ slot: n, epoch, order: String(n).padStart(32, '0'), ...change });
    return { ledger, epoch, slot };
  }

  describe('a slot', () => {
    it('that nobody has taken holds nothing', async () => {
      const { ledger } = await start();
      expect(await ledger.read(job, 1)).toBeNull();
      expect(await ledger.read('not a job', 1)).toBeNull();
      expect(await ledger.list({})).toEqual([]);
    });

    it('is read back as it was created', async () => {
      const { ledger, slot } = await start();
      const record = slot(1, { plan: { ...slot(1).plan, params: { A: '"\\\u2028é', B: '' } } });
      expect(await ledger.create(record)).toBe(true);
      expect(await ledger.read(job, 1)).toEqual({ record });
      expect(await ledger.list({ job })).toEqual([{ record }]);
    });

    it('goes to exactly one of many who try at once', async () => {
      const { ledger, slot } = await start();
      const tries = Array.from({ length: 30 }, (_, n) => slot(1, { nonce: n.toString(16).padStart(32, '0') }));
      const won = await Promise.all(tries.map((record) => ledger.create(record)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await ledger.read(job, 1)).toEqual({ record: tries[won.indexOf(true)] });
    });

    it('stays taken when its record has changed and when it has ended', async () => {
      const { ledger, slot } = await start();
      const second = after(slot(1), { phase: 'starting' });
      await ledger.create(slot(1));
      expect(await ledger.swap(second)).toBe(true);
      expect(await ledger.create(slot(1))).toBe(false);
      expect(await ledger.swap(ended(second))).toBe(true);
      expect(await ledger.create(slot(1))).toBe(false);
      expect(await ledger.read(job, 1)).toEqual({ record: ended(second) });
    });

    it('is another than the same slot of another job, and than another slot of the job', async () => {
      const { ledger, slot } = await start();
      const jobs = ['c500', 'c50', 'c5001', `r${'0'.repeat(32)}`].map((one) => ({ ...key, job: one }));
      for (const one of [...jobs, { ...key, runAttempt: '2' }])
        for (const n of [1, 11]) expect(await ledger.create(slot(n, { key: one }))).toBe(true);
      expect(await ledger.list({})).toHaveLength(10);
      expect(await ledger.read(job, 11)).toEqual({ record: slot(11) });
    });
  });

  describe('a record', () => {
    it('is changed by exactly one of many who try from the same revision', async () => {
      const { ledger, slot } = await start();
      await ledger.create(slot(1));
      const tries = Array.from({ length: 30 }, (_, n) => after(slot(1), { number: n + 1 }));
      const won = await Promise.all(tries.map((next) => ledger.swap(next)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await ledger.read(job, 1)).toEqual({ record: tries[won.indexOf(true)] });
    });

    it('is changed one revision after the other, and never from an older one or one that is not there', async () => {
      const { ledger, slot } = await start();
      const [one, two, three] = [slot(1), after(slot(1), { number: 2 }), after(after(slot(1)), { number: 3 })];
      expect(await ledger.swap(two)).toBe(false);
      await ledger.create(one);
      expect(await ledger.swap(three)).toBe(false);
      expect(await ledger.swap(two)).toBe(true);
      expect(await ledger.swap(two)).toBe(false);
      expect(await ledger.swap(three)).toBe(true);
      expect(await ledger.swap(two)).toBe(false);
      expect(await ledger.read(job, 1)).toEqual({ record: three });
    });

    it('is not changed with an older epoch', async () => {
      const { ledger, slot, epoch } = await start();
      await ledger.create(slot(1));
      expect(await ledger.swap(after(slot(1), { epoch: epoch - 1 }))).toBe(false);
      expect(await ledger.swap(after(slot(1)))).toBe(true);
    });
  });

  it('lists by repository, run and job', async () => {
    const { ledger, slot } = await start();
    const others = [key, { ...key, job: 'c2' }, { ...key, runId: '2000' }, { ...key, repositoryId: '777' }];
    for (const one of others) await ledger.create(slot(1, { key: one }));
    const { repositoryId, runId } = key;
    const filters: LedgerFilter[] = [{}, { repositoryId }, { repositoryId, runId }, { job }, { repositoryId: '12345' }];
    const counts = await Promise.all(filters.map(async (filter) => (await ledger.list(filter)).length));
    expect(counts).toEqual([4, 3, 2, 1, 0]);
  });

  it('keeps an open session, one revision after the other, until it is closed', async () => {
    const { ledger, epoch } = await start();
    const one = {
      v: 1,
      session: 'a'.repeat(32),
      rev: 1,
      epoch,
      runner: 'r',
      ephemeral: true,
      job: null,
      opened: 1,
    } as const;
    const two = { ...one, rev: 2, job };
    expect(await ledger.putSession(two)).toBe(false);
    expect([await ledger.putSession(one), await ledger.putSession(one)]).toEqual([true, false]);
    expect(await ledger.putSession(two)).toBe(true);
    expect(await ledger.sessions()).toEqual([two]);
    await ledger.closeSession(one.session);
    await ledger.closeSession(one.session);
    expect(await ledger.sessions()).toEqual([]);
  });

  it('binds a runner to the first job that it proves', async () => {
    const { ledger } = await start();
    const [a, b] = [job, jobKeyText({ ...key, job: 'c501' })];
    expect(await Promise.all([ledger.bind('pod/a:1', a), ledger.bind('pod/b:1', b)])).toEqual([a, b]);
    expect(await ledger.bind('pod/a:1', b)).toBe(a);
    expect(await ledger.bind('pod/A:1', b)).toBe(b);
    const many = await Promise.all(Array.from({ length: 20 }, (_, n) => ledger.bind('c', n % 2 === 0 ? a : b)));
    expect(new Set(many).size).toBe(1);
  });
}
