// What every ledger must keep, whatever it is made of. A test file of a ledger calls this with a way to make one.

import { describe, expect, test } from 'vitest';
import { type Ledger, type LedgerRecord, jobKeyText } from '../../../src/gate/index.ts';
import { waiting } from './records.ts';

const job = jobKeyText(waiting.key);
const slot = (n: number): LedgerRecord => ({ ...waiting, slot: n, order: String(n).padStart(32, '0') });

export function ledgerContract(make: () => Promise<Ledger>): void {
  describe('a slot', () => {
    test('is created once, by exactly one of many who try', async () => {
      const ledger = await make();
      const won = await Promise.all(Array.from({ length: 50 }, () => ledger.create(slot(1))));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await ledger.create(slot(2))).toBe(true);
      expect(await ledger.read(job, 1)).toEqual({ record: slot(1) });
      expect(await ledger.read(job, 3)).toBeNull();
    });

    test('is changed by exactly one of many who try, and only from the revision that they read', async () => {
      const ledger = await make();
      await ledger.create(slot(1));
      const next = { ...slot(1), rev: 2 };
      const won = await Promise.all(Array.from({ length: 50 }, (_none, n) => ledger.swap({ ...next, number: n + 1 })));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await ledger.swap(next)).toBe(false);
      expect(await ledger.swap({ ...next, rev: 4 })).toBe(false);
      expect(await ledger.swap({ ...next, rev: 3 })).toBe(true);
      expect(await ledger.swap({ ...slot(9), rev: 2 })).toBe(false);
    });

    test('of a newer holder is not changed by an older one', async () => {
      const ledger = await make();
      await ledger.create({ ...slot(1), epoch: 5 });
      expect(await ledger.swap({ ...slot(1), rev: 2, epoch: 4 })).toBe(false);
      expect(await ledger.swap({ ...slot(1), rev: 2, epoch: 5 })).toBe(true);
      expect(await ledger.swap({ ...slot(1), rev: 3, epoch: 6 })).toBe(true);
    });
  });

  test('lists by job, run and repository', async () => {
    const ledger = await make();
    const key = waiting.key;
    const others = [key, { ...key, job: 'c2' }, { ...key, runId: '2000' }, { ...key, repositoryId: '777' }];
    for (const one of others) await ledger.create({ ...slot(1), key: one });
    const count = async (filter: Parameters<Ledger['list']>[0]): Promise<number> => (await ledger.list(filter)).length;
    expect([
      await count({}),
      await count({ repositoryId: key.repositoryId }),
      await count({ repositoryId: key.repositoryId, runId: key.runId }),
      await count({ job }),
      await count({ repositoryId: '1' }),
    ]).toEqual([4, 3, 2, 1, 0]);
  });

  test('binds a runner to the first job that it proves, for ever', async () => {
    const ledger = await make();
    expect(
      await Promise.all([ledger.bind('a', 'job-1'), ledger.bind('a', 'job-2'), ledger.bind('b', 'job-2')]),
    ).toEqual(['job-1', 'job-1', 'job-2']);
    expect(await ledger.bind('a', 'job-3')).toBe('job-1');
  });
}
