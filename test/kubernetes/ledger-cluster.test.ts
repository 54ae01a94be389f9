import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobKeyText } from '../../src/gate/ledger/key.ts';
import { until } from '../cluster/run.mjs';
import { ledgerContract } from '../ledger/support/contract.ts';
import { after, waiting } from '../ledger/support/records.ts';
import { programOf } from '../support/programs.ts';
import { accountWith, clientWith, ledgerRights } from './gate-access.ts';
import { type Where, holdLedger, newName, patient } from './ledgers.ts';
import { describeCluster } from './support.ts';

// The ledger as ConfigMaps and a Lease of a real cluster, with the rights of the chart and no others.

const long = 120_000;
const job = jobKeyText(waiting().key);

describeCluster('the ledger in a real cluster', (get) => {
  let where: Where;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    const namespace = await get().kube.namespace('ledger');
    where = { namespace, client: clientWith(get(), await accountWith(get(), namespace, 'gate', ledgerRights)) };
  }, long);
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  describe('keeps what every ledger keeps:', () => {
    ledgerContract(() => holdLedger(where, newName(), { timing: patient }));
  });

  /** A gate of its own process, with its ledger. */
  async function gate(name: string, timing: object) {
    const settings = JSON.stringify({ access: where.client.access, namespace: where.namespace, name, timing });
    const child = fork(await programOf('test/kubernetes/ledger-child.ts'), [settings]);
    children.push(child);
    let calls = 0;
    const waitingFor = new Map<number, (answer: { value?: never; error?: string }) => void>();
    child.on('message', (answer: { id: number; value?: never; error?: string }) => waitingFor.get(answer.id)?.(answer));
    return {
      call: <T>(method: string, ...args: unknown[]): Promise<T> =>
        new Promise((done, fail) => {
          const id = ++calls;
          waitingFor.set(id, ({ value, error }) => (error === undefined ? done(value as T) : fail(new Error(error))));
          child.send({ id, method, args });
        }),
      frozen: () =>
        until('the gate is frozen', () => /\) T /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8')), { every: 5 }),
      wake: () => child.kill('SIGCONT'),
    };
  }
  const short = { life: 2_500, renew: 300, retry: 100, stop: 1_500, poll: 50, call: 20_000, patience: 20_000 };

  it(
    'goes to the other gate when one is frozen for longer than a turn, and what that one was about to write does nothing',
    async () => {
      const name = newName();
      const frozen = await gate(name, short);
      const epoch = await frozen.call<number>('acquire');
      const [one, two] = [waiting({ epoch, slot: 1 }), waiting({ epoch, slot: 2 })];
      expect(await frozen.call('create', one)).toBe(true);
      await frozen.call('trap', 'POST /api/v1');
      const creating = frozen.call('create', two);
      await frozen.frozen();

      const next = await holdLedger(where, name, { timing: { ...patient, life: 2_500, stop: 2_400, renew: 200 } });
      expect(next.epoch).toBe(epoch + 1);
      expect(await next.ledger.read(job, 1)).toEqual({ record: after(one, { epoch: next.epoch }) });
      frozen.wake();
      expect(await creating).toBe(false);
      expect(await frozen.call('epoch')).toBeNull();
      expect(await frozen.call('ended')).toMatch(/could not be renewed|taken the ledger over/);
      expect(await frozen.call('swap', after(one, { phase: 'starting' }))).toBe(false);
      // Its slot is free again, and the first record is the holder's.
      const mine = waiting({ epoch: next.epoch, slot: 2, nonce: 'f'.repeat(32) });
      expect(await next.ledger.create(mine)).toBe(true);
      const later = after(after(one, { epoch: next.epoch }), { phase: 'starting' });
      expect(await next.ledger.swap(later)).toBe(true);
      expect(await next.ledger.read(job, 1)).toEqual({ record: later });
    },
    long,
  );

  it(
    'refuses the change that a frozen gate was about to send',
    async () => {
      const name = newName();
      const frozen = await gate(name, short);
      const epoch = await frozen.call<number>('acquire');
      const one = waiting({ epoch });
      await frozen.call('create', one);
      await frozen.call('trap', 'PUT /api/v1');
      const swapping = frozen.call('swap', after(one, { phase: 'starting' }));
      await frozen.frozen();
      const next = await holdLedger(where, name, { timing: { ...patient, life: 2_500, stop: 2_400, renew: 200 } });
      frozen.wake();
      expect(await swapping).toBe(false);
      expect(await next.ledger.read(job, 1)).toEqual({ record: after(one, { epoch: next.epoch }) });
    },
    long,
  );

  it(
    'is told by a quota that is full',
    async () => {
      const { kube } = get();
      const { ledger, epoch } = await holdLedger(where, newName(), { timing: patient });
      const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'full', namespace: where.namespace } };
      await kube.create({ ...quota, spec: { hard: { 'count/configmaps': '1' } } });
      await kube.until(quota, 'counts', ({ status }) => Number(status?.used?.['count/configmaps']) >= 1);
      await expect(ledger.create(waiting({ epoch }))).rejects.toMatchObject({
        code: 'ledger-failed',
        message: `the ledger in the namespace ${where.namespace} cannot be used: the quota of its namespace allows no more ConfigMaps`,
      });
      expect(ledger.epoch()).toBe(epoch);
      await kube.remove(quota);
      await kube.gone(quota);
      await expect.poll(() => ledger.create(waiting({ epoch })).catch(() => false), { timeout: 30_000 }).toBe(true);
    },
    long,
  );
});
