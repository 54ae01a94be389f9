import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKubernetesClient } from '../../src/gate/index.ts';
import { jobKeyText } from '../../src/gate/ledger/key.ts';
import { createConfigMaps } from '../../src/gate/ledger/kubernetes/config-maps.ts';
import { createRecords } from '../../src/gate/ledger/kubernetes/records.ts';
import type { Turn } from '../../src/gate/ledger/kubernetes/turn.ts';
import { type FakeApi, startFakeApi } from '../fakes/api-server.ts';
import { ledgerContract } from '../ledger/support/contract.ts';
import { after, ended, waiting } from '../ledger/support/records.ts';
import { accessWith } from './gate-access.ts';
import { type Where, holdLedger, newName, openLedger, patient, quick } from './ledgers.ts';

// The ledger in a cluster, by an API server whose troubles are played. The same on a real one: ledger-cluster.test.ts.

const namespace = 'airlock';
const job = jobKeyText(waiting().key);
const mapOf = (name: string, slot: number): string =>
  `/api/v1/namespaces/${namespace}/configmaps/${name}-task-${job}.${slot}`;
const leaseOf = (name: string): string => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}-gate`;

let api: FakeApi;
let where: Where;
beforeAll(async () => {
  api = await startFakeApi();
  where = { client: createKubernetesClient(accessWith(api.server, 'token', api.ca)), namespace };
});
afterAll(() => api.stop());

describe('the ledger in a cluster', () => {
  ledgerContract(() => holdLedger(where, newName(), { timing: patient }));
});

describe('a turn as the holder', () => {
  it('is one at a time, and goes on to the next at once when it is given up', async () => {
    const name = newName();
    const first = await holdLedger(where, name);
    const second = openLedger(where, name);
    const acquiring = second.acquire();
    const looks = (): number => api.calls.filter((call) => call === `GET ${leaseOf(name)}`).length;
    const before = looks();
    await expect.poll(looks, { timeout: 20_000 }).toBeGreaterThan(before + 3);
    expect(api.get(leaseOf(name)).spec.leaseTransitions).toBe(1);
    expect([first.epoch, first.ledger.epoch(), second.epoch()]).toEqual([1, 1, null]);
    expect(await second.create(waiting({ epoch: 1 }))).toBe(false);
    await expect(second.bind('r', job)).rejects.toMatchObject({ code: 'gate-standby' });
    await first.ledger.stepDown();
    expect(await first.ended).toBe('this gate has stepped down');
    expect((await acquiring).epoch).toBe(2);
    expect([first.ledger.epoch(), second.epoch()]).toEqual([null, 2]);
    expect(api.get(leaseOf(name)).spec).toMatchObject({
      holderIdentity: expect.stringMatching(/^test_[0-9a-f]{16}$/),
      leaseDurationSeconds: 3,
      acquireTime: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/),
    });
  });

  it('of a holder that does not renew any more is followed after its life, and not before', async () => {
    const name = newName();
    const { ledger: dead } = await holdLedger(where, name, { timing: { renew: 1_999 } });
    const began = performance.now();
    const next = openLedger(where, name);
    api.play('PUT /apis/coordination', 'hang', 'hang', 'hang');
    const { epoch } = await next.acquire();
    expect(epoch).toBe(2);
    expect(performance.now() - began).toBeGreaterThan(quick.life - 500);
    expect(dead.epoch()).toBeNull();
  });

  it('ends when somebody else has written himself into the Lease, and never begins again with its epoch', async () => {
    const name = newName();
    const { ledger, ended: over, epoch } = await holdLedger(where, name);
    const lease = api.get(leaseOf(name));
    api.put(leaseOf(name), { ...lease, spec: { ...lease.spec, holderIdentity: 'somebody', leaseTransitions: 7 } });
    expect(await over).toBe('another gate has taken the ledger over');
    expect(ledger.epoch()).toBeNull();
    expect(epoch).toBe(1);
    expect((await ledger.acquire()).epoch).toBe(8);
  });

  it('survives a Lease that was only labelled, and a renewal whose answer was lost', async () => {
    const name = newName();
    const { ledger, epoch } = await holdLedger(where, name);
    const lease = api.get(leaseOf(name));
    api.put(leaseOf(name), { ...lease, metadata: { ...lease.metadata, labels: { team: 'x' } } });
    api.play('PUT /apis/coordination', 'carried out and cut');
    const before = api.calls.length;
    await expect
      .poll(() => api.calls.slice(before).filter((call) => call.startsWith('PUT')).length, { timeout: 20_000 })
      .toBeGreaterThan(5);
    expect(ledger.epoch()).toBe(epoch);
  });

  it('whose Lease was deleted ends; the next waits out its life, and epochs never go back', async () => {
    const name = newName();
    const first = await holdLedger(where, name);
    await first.ledger.create(waiting({ epoch: first.epoch }));
    const lease = api.get(leaseOf(name));
    api.put(leaseOf(name), { ...lease, spec: { ...lease.spec, leaseTransitions: 40, holderIdentity: 'x' } });
    await first.ended;
    const again = await first.ledger.acquire();
    expect(again.epoch).toBe(41);
    const began = performance.now();
    const next = openLedger(where, name);
    const acquiring = next.acquire();
    api.remove(leaseOf(name));
    expect(await again.ended).toBe('another gate has taken the ledger over');
    const other = await Promise.race([acquiring, first.ledger.acquire()]);
    expect(other.epoch).toBe(42);
    expect(performance.now() - began).toBeGreaterThan(quick.life - 500);
  });

  it('is refused times with which two could act at once', () => {
    expect(() => openLedger(where, newName(), { timing: { stop: 3_000 } })).toThrow(
      "the ledger's times must be renew < stop < life; they are 200 ms, 3000 ms and 3000 ms",
    );
    expect(() => openLedger(where, 'Not plain')).toThrow('the ledger has to be named by up to 53 of a-z, 0-9 and -');
  });

  it('begins by writing its epoch into every open record, so that the gate before can change none', async () => {
    const name = newName();
    const maps = createConfigMaps(where.client, namespace, name, patient);
    const turnOf = (epoch: number) => ({ epoch, live: () => true }) as Turn;
    // Both believe that they are the holder, whatever any Lease says.
    const [old, now] = [turnOf(1), turnOf(2)];
    const [before, next] = [createRecords(maps, () => old), createRecords(maps, () => now)];
    await before.begin(old);
    const [open, over] = [waiting({ slot: 1 }), waiting({ slot: 2 })];
    await before.create(open);
    await before.create(over);
    await before.swap(ended(over));
    await next.begin(now);
    expect(await next.read(job, 1)).toEqual({ record: after(open, { epoch: 2 }) });
    expect(await next.read(job, 2)).toEqual({ record: ended(over) });
    expect(await before.swap(after(open, { phase: 'starting' }))).toBe(false);
    expect(await next.swap(after(after(open, { epoch: 2 }), { phase: 'starting' }))).toBe(true);
    expect(await next.newestEpoch()).toBe(2);
  });

  it('takes back what it created too late, unless the next holder has gone on from it', async () => {
    const name = newName();
    const maps = createConfigMaps(where.client, namespace, name, patient);
    let turn: Turn | null = { epoch: 1, live: () => true } as Turn;
    const creating = {
      ...maps,
      create: async (...args: Parameters<typeof maps.create>) => {
        const kept = await maps.create(...args);
        // As if it had slept for longer than its turn just before.
        turn = null;
        return kept;
      },
    };
    const records = createRecords(creating, () => turn);
    await records.begin(turn);
    expect(await records.create(waiting())).toBe(false);
    expect(api.get(mapOf(name, 1))).toBeUndefined();
  });
});

describe('a record', () => {
  const stored = (name: string, slot = 1) => api.get(mapOf(name, slot));

  it('goes to exactly one of two gates that both believe that they are the holder', async () => {
    const name = newName();
    const maps = createConfigMaps(where.client, namespace, name, patient);
    const turn = { epoch: 1, live: () => true } as Turn;
    const both = [createRecords(maps, () => turn), createRecords(maps, () => turn)];
    for (const records of both) await records.begin(turn);
    const slots = Array.from({ length: 25 }, (_, n) => n + 1);
    const nonces = ['a', 'b'].map((one) => one.repeat(32));
    const won = await Promise.all(
      slots.map((slot) =>
        Promise.all(both.map((records, who) => records.create(waiting({ slot, nonce: nonces[who] ?? '' })))),
      ),
    );
    expect(won.map((two) => two.filter(Boolean).length)).toEqual(slots.map(() => 1));
    const swapped = await Promise.all(
      slots.map((slot, at) => {
        const record = waiting({ slot, nonce: nonces[won[at]?.indexOf(true) ?? 0] ?? '' });
        return Promise.all(both.map((records, who) => records.swap(after(record, { number: who + 1 }))));
      }),
    );
    expect(swapped.map((two) => two.filter(Boolean).length)).toEqual(slots.map(() => 1));
  });

  it('whose writing was answered by nobody is written once, and the writer knows it', async () => {
    const name = newName();
    const { ledger, epoch } = await holdLedger(where, name);
    const record = waiting({ epoch });
    api.play('POST', 'carried out and cut');
    expect(await ledger.create(record)).toBe(true);
    // The same once more is not the same attempt.
    expect(await ledger.create(record)).toBe(false);
    api.play(`PUT ${mapOf(name, 1)}`, 'carried out and cut');
    expect(await ledger.swap(after(record))).toBe(true);
    expect(await ledger.swap(after(record))).toBe(false);
  });

  it('that was labelled is still the one that the gate knows', async () => {
    const name = newName();
    const { ledger, epoch } = await holdLedger(where, name);
    const record = waiting({ epoch });
    await ledger.create(record);
    const map = stored(name);
    api.put(mapOf(name, 1), { ...map, metadata: { ...map.metadata, labels: { ...map.metadata.labels, team: 'x' } } });
    expect(await ledger.swap(after(record))).toBe(true);
  });

  it.each([
    ['is no JSON', () => ({ record: '{' })],
    ['is empty', () => undefined],
    ['has another record than its name says', (text: string) => ({ record: text.replace('"slot":1', '"slot":9') })],
    ['has a field that nobody knows', (text: string) => ({ record: text.replace('"v":1', '"v":1,"w":1') })],
  ])('that was edited by hand and %s counts as started, and its slot as taken', async (_, edit) => {
    const name = newName();
    const { ledger, epoch } = await holdLedger(where, name);
    const record = waiting({ epoch });
    await ledger.create(record);
    const map = stored(name);
    api.put(mapOf(name, 1), { ...map, data: edit(map.data.record) });
    expect(await ledger.swap(after(record))).toBe(false);
    expect(await ledger.create(record)).toBe(false);
    expect(await ledger.read(job, 1)).toMatchObject({ unreadable: expect.stringContaining(`${job}.1`), job, slot: 1 });
    await ledger.stepDown();
    const next = await holdLedger(where, name);
    expect(await next.ledger.list({ job })).toMatchObject([{ job, slot: 1 }]);
    expect(await next.ledger.create(waiting({ epoch: next.epoch }))).toBe(false);
  });

  it('that was changed by hand is not changed by the gate that does not know of it', async () => {
    const name = newName();
    const { ledger, epoch } = await holdLedger(where, name);
    const record = waiting({ epoch });
    await ledger.create(record);
    const map = stored(name);
    api.put(mapOf(name, 1), { ...map, data: { record: JSON.stringify(after(record, { number: 9 })) } });
    expect(await ledger.swap(after(record))).toBe(false);
    expect(await ledger.read(job, 1)).toMatchObject({ record: { number: 9 } });
  });

  it('for which the quota has no room is not written, and the operator is told', async () => {
    const { ledger, epoch } = await holdLedger(where);
    const message = 'configmaps "x" is forbidden: exceeded quota: q, requested: count/configmaps=1';
    api.play('POST', { status: 403, body: { message, reason: 'Forbidden' } });
    await expect(ledger.create(waiting({ epoch }))).rejects.toMatchObject({
      code: 'ledger-failed',
      message: `the ledger in the namespace ${namespace} cannot be used: the quota of its namespace allows no more ConfigMaps`,
    });
    // A no is certain: the turn goes on.
    expect(ledger.epoch()).toBe(epoch);
    expect(await ledger.create(waiting({ epoch }))).toBe(true);
  });

  it('of which nobody knows whether it was written ends the turn, and the next one reads what stands', async () => {
    const name = newName();
    const { ledger, epoch, ended: over } = await holdLedger(where, name, { timing: { patience: 1_000 } });
    api.play('/configmaps', 'carried out and cut', ...Array.from({ length: 20 }, () => ({ status: 500 })));
    await expect(ledger.create(waiting({ epoch }))).rejects.toMatchObject({ code: 'ledger-failed' });
    api.calm();
    expect(await over).toBe('the API server did not say whether a record was written, so the ledger must be read anew');
    const next = await ledger.acquire();
    expect(next.epoch).toBe(epoch + 1);
    expect(await ledger.read(job, 1)).toMatchObject({ record: { epoch: next.epoch, rev: 2 } });
  });
});

describe('a ledger whose API server is away', () => {
  it('for less than a turn may last loses nothing', async () => {
    const { ledger, epoch } = await holdLedger(where, newName(), {
      timing: { life: 12_000, stop: 10_000, patience: 9_000 },
    });
    await api.stop();
    const creating = ledger.create(waiting({ epoch }));
    await new Promise((done) => setTimeout(done, 1_500));
    await api.start();
    expect(await creating).toBe(true);
    expect(ledger.epoch()).toBe(epoch);
  });

  it('for longer ends its turn in time, says so, and begins another when it is back', async () => {
    const name = newName();
    const { ledger, epoch, ended: over } = await holdLedger(where, name);
    await ledger.create(waiting({ epoch }));
    await api.stop();
    expect(await over).toBe("the ledger's Lease could not be renewed for 2000 ms");
    expect(ledger.epoch()).toBeNull();
    expect(ledger.broken()).toMatch(/^the ledger in the namespace airlock cannot be used: the API server /);
    const acquiring = ledger.acquire();
    await api.start();
    const next = await acquiring;
    expect(next.epoch).toBe(epoch + 1);
    expect(ledger.broken()).toBeNull();
    expect(await ledger.read(job, 1)).toMatchObject({ record: { epoch: next.epoch } });
  });
});

describe('what has been over for long', () => {
  it('is swept; open, unreadable and needed records are not', async () => {
    const name = newName();
    const day = 24 * 3_600_000;
    const now = Date.now();
    const { ledger, epoch } = await holdLedger(where, name, { timing: { kept: 7 * day, sweep: 200 } });
    const old = now - 8 * day;
    const slot = (n: number) => waiting({ slot: n, epoch, decided: old, times: { waiting: old } });
    for (const n of [1, 2, 3, 4]) await ledger.create(slot(n));
    await ledger.swap(ended(slot(1), old));
    await ledger.swap(ended(slot(2), now));
    const map = stored(name, 4);
    api.put(mapOf(name, 4), { ...map, data: { record: 'x' } });
    const other = jobKeyText({ ...waiting().key, job: 'c1' });
    await ledger.bind('with-a-record', job);
    await ledger.bind('without', other);
    for (const path of api.paths().filter((one) => one.includes(`${name}-binding-`))) {
      const binding = api.get(path);
      api.put(path, { ...binding, data: { record: binding.data.record.replace(/"bound":\d+/, `"bound":${old}`) } });
    }
    await expect
      .poll(() => api.paths().filter((path) => path.includes(`/${name}-`) && path.includes('configmaps')).length, {
        timeout: 20_000,
      })
      .toBe(4);
    expect([1, 2, 3, 4].map((n) => stored(name, n) !== undefined)).toEqual([false, true, true, true]);
    expect(await ledger.bind('with-a-record', other)).toBe(job);
    expect(await ledger.bind('without', job)).toBe(job);
  });

  const stored = (name: string, slot: number) => api.get(mapOf(name, slot));
});
