import { describe, expect, it } from 'vitest';
import { jobKeyText } from '../../src/gate/ledger/key.ts';
import type { Trap } from './support/child.ts';
import { startChild, useChildren } from './support/children.ts';
import { newFolder, open } from './support/open.ts';
import { after, waiting } from './support/records.ts';

// A gate is frozen (SIGSTOP) in the middle of a write, longer than a turn may live. Another gate takes over and works.
// Then the frozen one wakes up and goes on exactly where it was.

useChildren();

const job = jobKeyText(waiting().key);
const frozenTiming = { life: 400, stop: 250, renew: 60, poll: 10 };
const freeze = (trap: Omit<Trap, 'nth' | 'act'>): Trap => ({ ...trap, nth: 1, act: 'freeze' });

const moments: readonly (readonly [when: string, trap: Trap, stands: boolean])[] = [
  ['before it opens its file', freeze({ when: 'before', call: 'create', path: 'aside' }), false],
  ['before it syncs its file', freeze({ when: 'before', call: 'sync', path: 'aside' }), false],
  ['before it links its file', freeze({ when: 'before', call: 'link', path: '/tasks/' }), false],
  ['after it has linked its file', freeze({ when: 'after', call: 'link', path: '/tasks/' }), true],
  ['after it has synced the folder', freeze({ when: 'after', call: 'syncFolder', path: 'tasks' }), true],
];

describe('a gate that is frozen for longer than a turn', () => {
  it.each(moments)('%s, can do nothing any more', async (_when, trap, stands) => {
    const folder = newFolder();
    const child = startChild({ folder, timing: frozenTiming });
    const epoch = await child.call<number>('acquire');
    const [one, two] = [waiting({ epoch, slot: 1 }), waiting({ epoch, slot: 2 })];
    expect(await child.call('create', one)).toBe(true);
    const ended = child.call<string>('ended');

    await child.call('setTrap', trap);
    const creating = child.call('create', two);
    await child.frozen();
    const ledger = await open(folder, { timing: { life: 400, renew: 60, stop: 300, poll: 10 } });
    const turn = await ledger.acquire();
    expect(turn.epoch).toBeGreaterThan(epoch);

    // What it wrote before counts, what it had not written is free.
    expect(await ledger.read(job, 2)).toEqual(stands ? { record: two } : null);
    const mine = waiting({ epoch: turn.epoch, slot: 2, nonce: 'f'.repeat(32) });
    expect(await ledger.create(mine)).toBe(!stands);
    expect(await ledger.swap(after(one, { epoch: turn.epoch, phase: 'starting' }))).toBe(true);

    child.signal('SIGCONT');
    expect(await creating).toBe(false);
    expect(await child.call('epoch')).toBeNull();
    expect(await ended).toMatch(/could not be renewed|taken the ledger over/);
    expect(await child.call('swap', after(one, { phase: 'ordered' }))).toBe(false);
    expect(await child.call('create', waiting({ epoch, slot: 3 }))).toBe(false);
    await expect(child.call('bind', 'runner-9', job)).rejects.toMatchObject({ code: 'gate-standby' });

    expect(await ledger.read(job, 1)).toMatchObject({ record: { phase: 'starting', epoch: turn.epoch } });
    expect(await ledger.read(job, 2)).toEqual({ record: stands ? two : mine });
    expect(await ledger.list({})).toHaveLength(2);
    expect(turn.epoch).toBe(ledger.epoch());
  });

  it('in the middle of its take-over, does not end the turn of the gate that went past it', async () => {
    const folder = newFolder();
    const child = startChild({ folder, timing: frozenTiming });
    await child.call('open');
    await child.call('setTrap', freeze({ when: 'after', call: 'link', path: 'holder.1' }));
    const acquiring = child.call<number>('acquire');
    await child.frozen();
    const ledger = await open(folder, { timing: { life: 400, renew: 60, stop: 300, poll: 10 } });
    const { epoch } = await ledger.acquire();
    child.signal('SIGCONT');
    await new Promise((later) => setTimeout(later, 100));
    expect(await child.call('epoch')).toBeNull();
    expect(await ledger.create(waiting({ epoch }))).toBe(true);
    await ledger.close();
    expect(await acquiring).toBeGreaterThan(epoch);
  });
});
