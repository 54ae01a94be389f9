import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LedgerRecord, Stored } from '../../src/gate/index.ts';
import { type FileLedger, openFileLedger } from '../../src/gate/ledger/files/index.ts';
import { jobKeyText } from '../../src/gate/ledger/key.ts';
import { silentLog } from '../../src/gate/log.ts';
import type { Trap } from './support/child.ts';
import { startChild, useChildren } from './support/children.ts';
import { follow, newFolder } from './support/open.ts';
import { after, ended, session, waiting } from './support/records.ts';
import { type Step, systemError, trappedDisk } from './support/traps.ts';

// A gate dies before each single call that changes the file system, and in the middle of each write. What it was told to
// be written stands, what it was writing stands whole or not at all, and the next gate goes on. Every death is played in
// this process, whose calls just stop; some of them, and more at random, are real ones by SIGKILL.

useChildren();

const one = waiting();
const two = after(one, { phase: 'starting' });
const three = after(two, { phase: 'ordered', cell: 'c' });
const four = ended(three);
const life: readonly LedgerRecord[] = [one, two, three, four];
const job = jobKeyText(one.key);
const bound = session({ rev: 2, job });

/** A gate's work, in order. */
const script: readonly (readonly [method: string, ...args: unknown[]])[] = [
  ['open'],
  ['acquire'],
  ['putSession', session()],
  ['bind', 'runner-1', job],
  ['putSession', bound],
  ['create', one],
  ['swap', two],
  ['swap', three],
  ['swap', four],
  ['closeSession', bound.session],
  ['close'],
];
const at = (method: string, arg?: unknown): number =>
  script.findIndex(([name, first]) => name === method && (arg === undefined || first === arg));

type Call = (method: string, ...args: unknown[]) => Promise<unknown>;

/** @returns how many pieces of work were done before the gate was gone */
async function work(call: Call): Promise<number> {
  for (const [done, [method, ...args]] of script.entries()) {
    const answer = await call(method, ...args).catch((error: unknown) => {
      if (error instanceof Error && error.message === 'the child is gone') return 'gone';
      throw error;
    });
    if (answer === 'gone') return done;
    expect([method, answer]).not.toEqual([method, false]);
  }
  return script.length;
}

/** A gate in this process; its disk hears nothing from the trap on. */
function playedGate(folder: string, trap: Trap | null): { call: Call; steps: Step[]; bury: () => Promise<void> } {
  const steps: Step[] = [];
  let state: 'alive' | 'dead' | 'buried' = 'alive';
  let die: () => void = () => undefined;
  const death = new Promise<never>((_, fail) => {
    die = () => {
      state = 'dead';
      fail(new Error('the child is gone'));
    };
  });
  death.catch(() => undefined);
  let bury: () => void = () => undefined;
  const burial = new Promise<void>((done) => {
    bury = () => {
      state = 'buried';
      done();
    };
  });
  let ledger: FileLedger | undefined;
  const disk = trappedDisk({
    async before(step, bytes, file) {
      if (state === 'alive' && steps.push(step) === trap?.nth) {
        if (trap.act === 'half') await file!.write(bytes!.subarray(0, bytes!.length >> 1));
        die();
      }
      if (state === 'dead') await burial;
      // A process that is gone keeps no file open.
      if (state === 'buried' && step.call !== 'close') throw systemError('EIO');
    },
  });
  const run: Call = async (method, ...args) => {
    ledger ??= await openFileLedger({ folder, holder: 'played', log: silentLog(), disk });
    if (method === 'open') return;
    return (ledger[method as 'acquire'] as (...all: unknown[]) => unknown)(...args);
  };
  return {
    steps,
    call: (...all) => Promise.race([run(...all), death]),
    async bury() {
      bury();
      await ledger?.close();
    },
  };
}

/** The newest of `life` that was done. */
const newestDone = (done: number): number =>
  life.filter((record) => done > at(record === one ? 'create' : 'swap', record)).length;

async function checkAfter(done: number, folder: string): Promise<void> {
  const { ledger, epoch } = await follow(folder);
  const least = newestDone(done);
  const stored = await ledger.read(job, 1);
  const possible: (Stored | null)[] = [null, ...life.map((record) => ({ record }))].slice(least, least + 2);
  expect(possible).toContainEqual(stored);

  const sessions = await ledger.sessions();
  const opened = done > at('putSession') && done < at('closeSession');
  if (opened) expect([session(), bound]).toContainEqual(sessions[0]);
  if (done > at('closeSession')) expect(sessions).toEqual([]);
  if (done > at('bind')) expect(await ledger.bind('runner-1', 'never')).toBe(job);

  // What is there is enough to go on with; what is not there can still be made.
  const record = stored !== null && 'record' in stored ? stored.record : null;
  const next = record === null ? one : life[life.findIndex(({ rev }) => rev === record.rev) + 1];
  if (next === undefined) expect(await ledger.create({ ...one, epoch })).toBe(false);
  else if (next === one) expect(await ledger.create({ ...one, epoch })).toBe(true);
  else expect(await ledger.swap({ ...next, epoch })).toBe(true);

  expect(readdirSync(join(folder, 'aside'))).toHaveLength(1);
  expect(readdirSync(folder).filter((name) => name.startsWith('holder.'))).toEqual([`holder.${epoch}`]);
  await ledger.close();
}

/** A trap for each death. */
async function deaths(): Promise<Trap[]> {
  const gate = playedGate(newFolder(), null);
  expect(await work(gate.call)).toBe(script.length);
  return gate.steps.flatMap(({ call }, n): Trap[] => {
    const trap = { nth: n + 1, when: 'before' } as const;
    if (['look', 'names', 'read'].includes(call)) return [];
    return [{ ...trap, act: 'kill' }, ...(call === 'write' ? [{ ...trap, act: 'half' } as const] : [])];
  });
}

describe('a gate that dies', () => {
  it('before any call that changes the file system, or in the middle of a write, leaves every record old or new, and whole', async () => {
    const traps = await deaths();
    expect(traps.length).toBeGreaterThan(80);
    for (const trap of traps) {
      const folder = newFolder();
      const gate = playedGate(folder, trap);
      const done = await work(gate.call);
      expect(done).toBeLessThan(script.length);
      await checkAfter(done, folder);
      await gate.bury();
    }
  }, 120_000);

  it('by SIGKILL at some of these places, leaves the same', async () => {
    const traps = (await deaths()).filter((trap, n) => trap.act === 'half' || n % 12 === 0);
    for (const trap of traps) {
      const folder = newFolder();
      const child = startChild({ folder, timing: {} });
      await child.call('setTrap', trap);
      const done = await work((method, ...args) => child.call(method, ...args));
      expect(await child.gone).toBe('SIGKILL');
      await checkAfter(done, folder);
    }
  }, 120_000);

  // AIRLOCK_LEDGER_KILLS=200 for a long run.
  const kills = Number(process.env['AIRLOCK_LEDGER_KILLS'] ?? 8);
  it(`at random, ${kills} times, has written what it said, and nothing by half`, async () => {
    const folder = newFolder({ onDisk: true });
    const told: LedgerRecord[] = [];
    for (let run = 1; run <= kills; run++) {
      const { ledger: before, epoch } = await follow(folder);
      await before.close();
      const child = startChild({ folder, timing: { poll: 5 } });
      const turn = await child.call<number>('acquire');
      expect(turn).toBeGreaterThan(epoch);
      const churning = child.call('churn', turn, run).catch(() => 'killed');
      await new Promise((later) => setTimeout(later, Math.random() * 60));
      child.signal('SIGKILL');
      expect([await churning, await child.gone]).toEqual(['killed', 'SIGKILL']);
      told.push(...child.done);
    }
    const { ledger } = await follow(folder);
    const stored = await ledger.list({});
    expect(stored.filter((some) => 'unreadable' in some)).toEqual([]);
    const revs = new Map(
      stored.flatMap((some) =>
        'record' in some ? [[`${some.record.key.runId}#${some.record.slot}`, some.record.rev]] : [],
      ),
    );
    for (const { key, slot, rev } of told) expect(revs.get(`${key.runId}#${slot}`)).toBeGreaterThanOrEqual(rev);
    // One record a run at most was being written when its gate died.
    expect(revs.size - new Set(told.map(({ key, slot }) => `${key.runId}#${slot}`)).size).toBeLessThanOrEqual(kills);
  }, 120_000);
});
