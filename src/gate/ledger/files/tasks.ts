// Task records in files: the part of a ledger that decides which order may leave.
//
// A record's revisions all stand until it has ended; then the first and the last stay. So a name that was free once is
// never free again while it matters, and link() alone decides, even between gates that both believe to be the holder.

import { Refusal } from '../../../protocol/index.ts';
import { jobKeyText } from '../key.ts';
import type { Ledger, LedgerFilter, Stored } from '../ledger.ts';
import { type LedgerRecord, parseLedgerRecord } from '../record.ts';
import type { Disk } from './disk.ts';
import { encode } from './encode.ts';
import { ledgerFailure } from './failure.ts';
import type { Folder } from './folder.ts';
import { parseTaskName, taskName } from './names.ts';
import { readNewest } from './newest.ts';
import type { Place } from './place.ts';
import type { Entry, Standing } from './standing.ts';
import type { Writer } from './writer.ts';

export interface TasksContext {
  readonly disk: Disk;
  readonly folder: Folder;
  readonly writer: Writer;
  readonly standing: Standing<LedgerRecord>;
}

export interface Tasks extends Pick<Ledger, 'create' | 'swap' | 'read' | 'list'> {
  /** Removes what stands between a record's first and last revision. @throws {Failure} `ledger-failed` */
  compact(name: string, revs: readonly number[]): Promise<void>;
}

/** Records that are read at once. */
const width = 16;

const nameOf = ({ key, slot }: LedgerRecord): string => taskName(jobKeyText(key), slot);

function parseTask(value: unknown, { name, rev }: Pick<Place, 'name' | 'rev'>): LedgerRecord {
  const record = parseLedgerRecord(value);
  if (nameOf(record) === name && record.rev === rev) return record;
  throw new Refusal({
    code: 'input-wrong-type',
    message: 'it holds another record than its name says',
    rule: 'the ledger record: name',
    fix: 'put back the file that was here',
  });
}

/** Of a task's name, which begins with the repository's id, the run's id, and is the job's key and a slot. */
function fits(name: string, { job, repositoryId, runId }: LedgerFilter): boolean {
  if (job !== undefined && !(name.startsWith(`${job}.`) && name.lastIndexOf('.') === job.length)) return false;
  const [repository, run] = name.split('.', 2);
  return (repositoryId ?? repository) === repository && (runId ?? run) === run;
}

export function createTasks({ disk, folder, writer, standing }: TasksContext): Tasks {
  async function asFailure<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw ledgerFailure(folder.path, error);
    }
  }

  async function newest(name: string, entry: Entry<LedgerRecord>): Promise<Stored | null> {
    const parts = parseTaskName(name);
    const read = await readNewest({ disk, folder, standing }, 'tasks', name, entry, parseTask);
    if (read === null || parts === null) return null;
    return 'value' in read ? { record: read.value } : { unreadable: read.unreadable, ...parts };
  }

  async function write(record: LedgerRecord): Promise<boolean> {
    const where: Place = { kind: 'tasks', name: nameOf(record), rev: record.rev };
    const { bytes, read } = encode(record, (value) => parseTask(value, where));
    if (!(await writer.write(where, bytes))) {
      standing.forget();
      return false;
    }
    await standing.added(where.name, record.rev, read);
    return true;
  }

  async function compact(name: string, revs: readonly number[]): Promise<void> {
    const between = revs.slice(1, -1);
    for (const rev of between) await writer.remove({ kind: 'tasks', name, rev });
    await standing.removed(name, between);
  }

  /** Whether `next` follows what stands. */
  async function follows(next: LedgerRecord): Promise<boolean> {
    const entry = (await standing.entries()).get(nameOf(next));
    if (entry?.revs.at(-1) !== next.rev - 1) return false;
    const before = await newest(nameOf(next), entry);
    if (before === null || !('record' in before)) return false;
    const { rev, epoch, phase } = before.record;
    return rev === next.rev - 1 && epoch <= next.epoch && phase !== 'ended';
  }

  return {
    compact,
    async create(record) {
      if (record.rev !== 1 || record.epoch !== writer.epoch()) return false;
      return write(record);
    },
    async swap(next) {
      if (next.epoch !== writer.epoch()) return false;
      if (!(await asFailure(() => follows(next)))) {
        standing.forget();
        return false;
      }
      if (!(await write(next))) return false;
      // It stands already; what is left behind is found by the next sweep.
      if (next.phase === 'ended')
        await asFailure(async () =>
          compact(nameOf(next), (await standing.entries()).get(nameOf(next))?.revs ?? []),
        ).catch(() => undefined);
      return true;
    },
    read: (job, slot) =>
      asFailure(async () => {
        const name = taskName(job, slot);
        const entry = (await standing.entries()).get(name);
        return entry === undefined ? null : newest(name, entry);
      }),
    list: (filter) =>
      asFailure(async () => {
        const found = [...(await standing.entries())].filter(([name]) => fits(name, filter));
        const stored: Stored[] = [];
        for (let at = 0; at < found.length; at += width) {
          const some = await Promise.all(found.slice(at, at + width).map(([name, entry]) => newest(name, entry)));
          stored.push(...some.filter((one) => one !== null));
        }
        return stored;
      }),
  };
}
