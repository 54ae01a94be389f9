import { expect, it } from 'vitest';
import { jobKeyText } from '../../src/gate/ledger/key.ts';
import { after, waiting } from '../ledger/support/records.ts';
import { lineOf, linesOf, place, podOf, randomId } from './cells.ts';
import { accountWith, clientWith, ledgerRights } from './gate-access.ts';
import { holdLedger, patient } from './ledgers.ts';
import { describeOwnCluster } from './support.ts';

// The API server is killed in the middle of everything.

const long = 180_000;
const job = jobKeyText(waiting().key);

describeOwnCluster('an API server that is killed', {}, (get) => {
  it(
    'takes no cell and no record with it',
    async () => {
      const { cluster, kube } = get();
      const { cells: open, namespace } = await place(get());
      const cells = open();
      const cell = await cells.start(randomId());
      const lines = linesOf(cell);
      cell.send({ echo: 'before' });
      expect(await lineOf(lines)).toBe('"before"');
      const client = clientWith(get(), await accountWith(get(), namespace, 'ledger', ledgerRights));
      const ledger = await holdLedger({ client, namespace }, 'killed', { timing: patient });
      const record = waiting({ epoch: ledger.epoch });
      await ledger.ledger.create(record);

      await cluster.kill('kube-apiserver');
      const swapping = ledger.ledger.swap(after(record, { phase: 'starting' }));
      swapping.catch(() => undefined);
      // Nothing more comes; what it is told in the end is no end of the process.
      expect(await lines.next()).toMatchObject({ done: true });
      expect((await cell.ended).reason).toBe('the API server went away, and nobody knows how it goes on');
      await cluster.restart('kube-apiserver');

      expect(await swapping).toBe(true);
      expect(ledger.ledger.epoch()).toBe(ledger.epoch);
      expect(await ledger.ledger.read(job, 1)).toMatchObject({ record: { phase: 'starting' } });
      const adopted = await cells.adopt(cell.id);
      adopted.send({ echo: 'after' });
      expect(await lineOf(linesOf(adopted))).toBe('"after"');
      const { uid } = (await kube.get(podOf(cell.id, namespace))).metadata;
      await adopted.remove();
      expect(cluster.processes(uid)).toEqual([]);
    },
    long,
  );

  it(
    'and one that is frozen is noticed by pings that it does not answer',
    async () => {
      const { cluster } = get();
      const { cells: open } = await place(get());
      const cells = open({ timing: { pulse: 500 } });
      const cell = await cells.start(randomId());
      await cluster.signal('kube-apiserver', 'STOP');
      try {
        expect(await linesOf(cell).next()).toMatchObject({ done: true });
      } finally {
        await cluster.signal('kube-apiserver', 'CONT');
      }
      const adopted = await cells.adopt(cell.id);
      await adopted.remove();
    },
    long,
  );
});
