// Task records as ConfigMaps: the part of a ledger that decides which order may leave. The holder is the only writer, so
// it lists once a turn and knows the rest by itself; whatever it changes must follow the version that it knows.

import { Failure } from '../../../protocol/index.ts';
import { parseTaskName, taskName } from '../files/names.ts';
import { jobKeyText } from '../key.ts';
import type { Ledger, LedgerFilter, Stored } from '../ledger.ts';
import { type LedgerRecord, parseLedgerRecord } from '../record.ts';
import type { ConfigMaps, Kept } from './config-maps.ts';
import type { Turn } from './turn.ts';

interface Entry {
  readonly kept: Kept;
  readonly stored: Stored;
}
type Entries = Map<string, Entry>;

export interface Records extends Pick<Ledger, 'create' | 'swap' | 'read' | 'list'> {
  /** Of every record that can be read. */
  newestEpoch(): Promise<number>;
  /**
   * Begins a turn: reads everything and writes the new epoch into every open record, so that whatever the gate before
   * still sends follows a version that is gone.
   */
  begin(turn: Turn): Promise<void>;
  /** Removes a record that has ended. */
  remove(record: LedgerRecord): Promise<void>;
}

/** The server allows 1 MiB for a whole ConfigMap. */
const maxRecordBytes = 524_288;
/** Somebody else changes a record while its epoch is written; more often than this means that nobody is the holder. */
const tries = 10;

const nameOf = ({ key, slot }: LedgerRecord): string => taskName(jobKeyText(key), slot);

function encode(record: LedgerRecord): string {
  const text = JSON.stringify(record);
  try {
    if (Buffer.byteLength(text) > maxRecordBytes) throw new Error(`it is larger than ${maxRecordBytes} bytes`);
    parseLedgerRecord(JSON.parse(text));
    return text;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Failure('ledger-failed', `a record that could not be read again is not written: ${reason}`, { cause });
  }
}

/** null: no task of anybody. */
function entryOf(kept: Kept): Entry | null {
  const parts = parseTaskName(kept.name);
  if (parts === null) return null;
  const unreadable = (why: string): Entry => ({ kept, stored: { unreadable: `${kept.name}: ${why}`, ...parts } });
  if (kept.text === null) return unreadable('it holds no record');
  try {
    const record = parseLedgerRecord(JSON.parse(kept.text));
    if (nameOf(record) !== kept.name) return unreadable('it holds another record than its name says');
    return { kept, stored: { record } };
  } catch (error) {
    return unreadable(error instanceof Error ? error.message : 'it cannot be read');
  }
}

function fits(name: string, { job, repositoryId, runId }: LedgerFilter): boolean {
  if (job !== undefined && parseTaskName(name)?.job !== job) return false;
  const [repository, run] = name.split('.', 2);
  return (repositoryId ?? repository) === repository && (runId ?? run) === run;
}

const isOpen = (entry: Entry): entry is Entry & { readonly stored: { readonly record: LedgerRecord } } =>
  'record' in entry.stored && entry.stored.record.phase !== 'ended';

function isBefore(entry: Entry, next: LedgerRecord): boolean {
  if (!isOpen(entry)) return false;
  const { rev, epoch } = entry.stored.record;
  return rev === next.rev - 1 && epoch <= next.epoch;
}

/** @param turn this gate's; null: it is a standby. All rejections are Failures or KubernetesErrors */
export function createRecords(maps: ConfigMaps, turn: () => Turn | null): Records {
  let known: { readonly epoch: number; readonly entries: Entries } | null = null;

  async function listed(): Promise<Entries> {
    const entries: Entries = new Map();
    for (const kept of await maps.list('task')) {
      const entry = entryOf(kept);
      if (entry !== null) entries.set(kept.name, entry);
    }
    return entries;
  }

  const mine = (): Entries | null => {
    const held = turn();
    return held !== null && known?.epoch === held.epoch ? known.entries : null;
  };

  const entriesNow = async (): Promise<Entries> => mine() ?? listed();

  async function look(name: string): Promise<Entry | null> {
    const kept = await maps.get('task', name);
    const entry = kept === null ? null : entryOf(kept);
    if (entry === null) mine()?.delete(name);
    else mine()?.set(name, entry);
    return entry;
  }

  /** What stands now is known, and this gate may go on only if it is still the holder. */
  async function settle(name: string, kept: Kept | null, record: LedgerRecord): Promise<boolean> {
    if (kept === null) {
      await look(name);
      return false;
    }
    mine()?.set(name, { kept, stored: { record } });
    // Too late for this turn: it stands, and the next holder goes on from it.
    return turn()?.epoch === record.epoch;
  }

  async function fence(entry: Entry, held: Turn): Promise<Entry | null> {
    let now: Entry | null = entry;
    for (let time = 0; time < tries && held.live(); time++) {
      if (now === null || !isOpen(now)) return now;
      const { record } = now.stored;
      const next: LedgerRecord = { ...record, rev: record.rev + 1, epoch: held.epoch };
      const kept = await maps.replace('task', now.kept, encode(next));
      if (kept !== null) return { kept, stored: { record: next } };
      const again = await maps.get('task', entry.kept.name);
      now = again === null ? null : entryOf(again);
    }
    throw new Failure('ledger-failed', 'a record is changed by somebody else all the time', { status: 503 });
  }

  return {
    async newestEpoch() {
      const epochs = [...(await listed()).values()].map(({ stored }) => ('record' in stored ? stored.record.epoch : 0));
      return Math.max(0, ...epochs);
    },
    async begin(held) {
      const entries = await listed();
      for (const [name, entry] of entries) {
        const fenced = await fence(entry, held);
        if (fenced === null) entries.delete(name);
        else entries.set(name, fenced);
      }
      known = { epoch: held.epoch, entries };
    },
    async create(record) {
      if (record.rev !== 1 || record.epoch !== turn()?.epoch) return false;
      const name = nameOf(record);
      const kept = await maps.create('task', name, encode(record));
      const mineStill = await settle(name, kept, record);
      // A gate that slept before it sent this: the holder of today has not read it, so its slot must not stay taken.
      if (kept !== null && !mineStill) await maps.undo('task', kept);
      return mineStill;
    },
    async swap(next) {
      if (next.epoch !== turn()?.epoch) return false;
      const name = nameOf(next);
      const known = mine()?.get(name);
      // What is known may be what a loser of a race has read a moment ago.
      const before = known !== undefined && isBefore(known, next) ? known : await look(name);
      if (before === null || !isBefore(before, next)) return false;
      return settle(name, await maps.replace('task', before.kept, encode(next)), next);
    },
    async read(job, slot) {
      const name = taskName(job, slot);
      if (parseTaskName(name) === null) return null;
      const entry = mine() === null ? await look(name) : mine()?.get(name);
      return entry?.stored ?? null;
    },
    async list(filter) {
      const entries = await entriesNow();
      return [...entries].flatMap(([name, { stored }]) => (fits(name, filter) ? [stored] : []));
    },
    async remove(record) {
      const name = nameOf(record);
      await maps.remove('task', name);
      mine()?.delete(name);
    },
  };
}
