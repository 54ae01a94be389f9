import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerRecord, Logger } from '../../../src/gate/index.ts';
import { makeAside } from '../../../src/gate/ledger/files/aside.ts';
import type { Disk } from '../../../src/gate/ledger/files/disk.ts';
import { openFolder } from '../../../src/gate/ledger/files/folder.ts';
import { type FileLedger, type FileLedgerTiming, openFileLedger } from '../../../src/gate/ledger/files/index.ts';
import { place, takeAway } from '../../../src/gate/ledger/files/place.ts';
import type { SessionRecord } from '../../../src/gate/ledger/session-record.ts';
import { createStanding } from '../../../src/gate/ledger/files/standing.ts';
import { type Tasks, createTasks } from '../../../src/gate/ledger/files/tasks.ts';
import { after, ended, waiting } from './records.ts';
import { type Step, trappedDisk } from './traps.ts';

// A process with a ledger, for tests that kill or freeze it. It is told what to do over IPC.

/** Starts faster than the real one. */
const log = { info: () => undefined, warn: () => undefined, error: () => undefined } as unknown as Logger;

/** At the nth call that fits, counted from when the trap was set. */
export interface Trap {
  readonly nth: number;
  readonly call?: string;
  /** A part of the call's path. */
  readonly path?: string;
  readonly when: 'before' | 'after';
  /** `half`: writes half of the bytes, then dies. */
  readonly act: 'kill' | 'half' | 'freeze';
}

export interface ChildSettings {
  readonly folder: string;
  readonly timing: Partial<FileLedgerTiming>;
}

let trap: Trap | null = null;
let count = 0;
const steps: Step[] = [];
const state = { finished: false };

function fits({ call, path }: Step, when: Trap['when']): Trap | null {
  if (trap === null || trap.when !== when) return null;
  if (trap.call !== undefined && trap.call !== call) return null;
  if (trap.path !== undefined && !path.includes(trap.path)) return null;
  return ++count === trap.nth ? trap : null;
}

function spring({ act }: Trap): void {
  trap = null;
  process.kill(process.pid, act === 'freeze' ? 'SIGSTOP' : 'SIGKILL');
}

const disk: Disk = trappedDisk({
  async before(step, bytes, file) {
    steps.push(step);
    const sprung = fits(step, 'before');
    if (sprung?.act === 'half' && bytes !== undefined && file !== undefined)
      await file.write(bytes.subarray(0, bytes.length >> 1));
    if (sprung !== null) spring(sprung);
  },
  after(step) {
    const sprung = fits(step, 'after');
    if (sprung !== null) spring(sprung);
  },
});

/** A process that takes itself for the holder, whatever others do: nothing protects the records but link(). */
async function believer(path: string): Promise<Tasks> {
  const folder = await openFolder(disk, path);
  const aside = await makeAside(disk, folder, 1);
  return createTasks({
    disk,
    folder,
    standing: createStanding<LedgerRecord>('tasks', disk, folder, () => null, 0),
    writer: {
      epoch: () => 1,
      write: async (where, bytes) => (await place(disk, folder, aside, where, bytes)) === 'placed',
      remove: (where) => takeAway(disk, folder, aside, where),
      sync: (kind) => disk.syncFolder(folder.of(kind)),
      probe: () => Promise.resolve(),
    },
  });
}

const until = (time: number): Promise<void> => new Promise((done) => setTimeout(done, Math.max(0, time - Date.now())));

/** Tries to create every record, in order, from the same moment as the others. @returns the places of those it won */
async function race(tasks: Pick<Tasks, 'create'>, records: readonly LedgerRecord[], at: number): Promise<number[]> {
  await until(at);
  const won: number[] = [];
  for (const [n, record] of records.entries()) if (await tasks.create(record)) won.push(n);
  return won;
}

/** Adds one to `recoveries` so often, reading anew after each lost try. @returns how many tries were lost */
async function increment(tasks: Tasks, job: string, times: number, at: number): Promise<number> {
  await until(at);
  let lost = 0;
  for (let done = 0; done < times; ) {
    const stored = await tasks.read(job, 1);
    if (stored === null || !('record' in stored)) throw new Error('the record is gone');
    const { record } = stored;
    if (await tasks.swap({ ...record, rev: record.rev + 1, recoveries: record.recoveries + 1 })) done++;
    else lost++;
  }
  return lost;
}

export interface Won {
  /** Of the record among those that were to be created. */
  readonly place: number;
  readonly epoch: number;
}

/** As a gate does: waits for its turn, looks what is taken, creates what is free, waits for its next turn. */
async function serve(ledger: FileLedger, records: readonly LedgerRecord[]): Promise<Won[]> {
  const won: Won[] = [];
  while (!state.finished) {
    const { epoch } = await ledger.acquire();
    let place = (await ledger.list({})).length;
    for (; ledger.epoch() === epoch && place < records.length && !state.finished; place++)
      if (await ledger.create({ ...records[place]!, epoch })) won.push({ place, epoch });
  }
  await ledger.stepDown();
  return won;
}

/** Tasks one after the other, each through its whole life, until the process is killed; says what is done. */
async function churn(ledger: FileLedger, epoch: number, run: number): Promise<void> {
  for (let slot = 1; ; slot++) {
    let record = waiting({ epoch, slot, key: { ...waiting().key, runId: String(run) } });
    await ledger.create(record);
    for (const next of [after(record, { phase: 'starting' }), ended(after(record))]) {
      process.send!({ done: record });
      await ledger.swap(next);
      record = next;
    }
    process.send!({ done: record });
  }
}

async function main({ folder, timing }: ChildSettings): Promise<void> {
  let ledger: FileLedger | undefined;
  const opened = async (): Promise<FileLedger> =>
    (ledger ??= await openFileLedger({ folder, holder: String(process.pid), log, timing, disk }));
  const filler = join(folder, 'filler');

  const methods: Record<string, (...args: never[]) => unknown> = {
    open: async () => void (await opened()),
    acquire: async () => (await (await opened()).acquire()).epoch,
    create: async (record: LedgerRecord) => (await opened()).create(record),
    swap: async (record: LedgerRecord) => (await opened()).swap(record),
    bind: async (runner: string, job: string) => (await opened()).bind(runner, job),
    read: async (job: string, slot: number) => (await opened()).read(job, slot),
    list: async () => (await opened()).list({}),
    epoch: async () => (await opened()).epoch(),
    putSession: async (record: SessionRecord) => (await opened()).putSession(record),
    closeSession: async (session: string) => (await opened()).closeSession(session),
    churn: async (epoch: number, run: number) => churn(await opened(), epoch, run),
    broken: async () => (await opened()).broken(),
    ended: async () => (await (await opened()).acquire()).ended,
    close: async () => (await opened()).close(),
    serve: async (records: LedgerRecord[]) => serve(await opened(), records),
    finish: () => {
      state.finished = true;
    },
    believe: async (records: LedgerRecord[], at: number) => race(await believer(folder), records, at),
    increment: async (job: string, times: number, at: number) => increment(await believer(folder), job, times, at),
    setTrap: (next: Trap) => {
      trap = next;
      count = 0;
    },
    takeSteps: () => steps.splice(0),
    fill: () => {
      for (const size of [1 << 16, 1 << 12]) {
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      }
    },
    empty: () => {
      rmSync(filler);
    },
  };

  process.on('message', ({ id, method, args }: { id: number; method: string; args: never[] }) => {
    Promise.resolve()
      .then(() => methods[method]!(...args))
      .then(
        (value) => process.send!({ id, value }),
        (error: unknown) => {
          const { code, message } = error as Error & { code?: string };
          process.send!({ id, error: { code, message } });
        },
      );
  });
  process.on('disconnect', () => process.exit());
}

await main(JSON.parse(process.argv[2]!) as ChildSettings);
