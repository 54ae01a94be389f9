// Removes what has been over for long enough, a bounded piece at a time. Never an open record, never one that cannot be
// read, and never a binding whose job still has a record.

import type { LedgerRecord } from '../record.ts';
import type { Bindings } from './bindings.ts';
import type { Disk } from './disk.ts';
import type { Folder } from './folder.ts';
import { isNameOf, parseFileName, parseTaskName } from './names.ts';
import type { SessionRecords } from '../session-record.ts';
import type { Standing } from './standing.ts';
import type { Tasks } from './tasks.ts';
import type { Writer } from './writer.ts';

export interface SweepContext {
  readonly disk: Disk;
  readonly folder: Folder;
  readonly writer: Writer;
  readonly standing: Standing<LedgerRecord>;
  readonly tasks: Tasks;
  readonly bindings: Bindings;
  readonly sessions: SessionRecords;
  /** Milliseconds since the epoch (steadyClock). */
  readonly now: () => number;
  readonly kept: number;
  /** Records of each kind that one sweep looks at. */
  readonly batch: number;
}

/** Goes round through names, some at a time. */
function createRound(batch: number): (names: readonly string[]) => readonly string[] {
  let last = '';
  return (names) => {
    const sorted = [...names].sort();
    const some = sorted.filter((name) => name > last).slice(0, batch);
    last = some.length < batch ? '' : (some.at(-1) ?? '');
    return some;
  };
}

const isOver = ({ phase, times, decided }: LedgerRecord, before: number): boolean =>
  phase === 'ended' && (times.ended ?? decided) < before;

/** @returns a function that does one piece. @throws {Failure} `ledger-failed` @throws the system's error */
export function createSweep(context: SweepContext): () => Promise<void> {
  const { disk, folder, writer, standing, tasks, bindings, sessions, now, kept, batch } = context;
  const nextTasks = createRound(batch);
  const nextBindings = createRound(batch);

  /** The lower revisions first, and durably: a first revision that stood alone would look like an open task. */
  async function removeTasks(over: ReadonlyMap<string, readonly number[]>): Promise<void> {
    if (over.size === 0) return;
    for (const [name, revs] of over)
      for (const rev of revs.slice(0, -1)) await writer.remove({ kind: 'tasks', name, rev });
    await writer.sync('tasks');
    for (const [name, revs] of over) {
      for (const rev of revs.slice(-1)) await writer.remove({ kind: 'tasks', name, rev });
      await standing.removed(name, revs);
    }
  }

  async function sweepTasks(before: number): Promise<void> {
    const entries = await standing.entries();
    const over = new Map<string, readonly number[]>();
    for (const name of nextTasks([...entries.keys()])) {
      const { job = '', slot = 0 } = parseTaskName(name) ?? {};
      const stored = await tasks.read(job, slot);
      const revs = entries.get(name)?.revs;
      if (stored === null || !('record' in stored) || revs?.at(-1) !== stored.record.rev) continue;
      if (isOver(stored.record, before)) over.set(name, revs);
      else if (stored.record.phase === 'ended') await tasks.compact(name, revs);
    }
    await removeTasks(over);
  }

  async function sweepBindings(before: number): Promise<void> {
    const names = (await disk.names(folder.of('bindings'))).flatMap((file) => parseFileName(file)?.name ?? []);
    for (const name of nextBindings(names.filter((one) => isNameOf('bindings', one)))) {
      const read = await bindings.read(name);
      if (!('value' in read) || read.value.bound >= before) continue;
      if ((await tasks.list({ job: read.value.job })).length > 0) continue;
      await writer.remove({ kind: 'bindings', name, rev: 1 });
    }
  }

  return async () => {
    if (writer.epoch() === null) return;
    const before = now() - kept;
    await sweepTasks(before);
    await sweepBindings(before);
    for (const { session, opened } of await sessions.sessions())
      if (opened < before) await sessions.closeSession(session);
  };
}

/** Does the work each `every` milliseconds, never twice at once. @returns a function that stops it */
export function repeat(work: () => Promise<void>, every: number, onError: (error: unknown) => void): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout;
  function again(): void {
    // A process is not kept alive for this.
    timer = setTimeout(() => {
      void work()
        .catch(onError)
        .finally(() => {
          if (!stopped) again();
        });
    }, every).unref();
  }
  again();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
