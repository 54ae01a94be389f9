// Sessions in files. A session is no right (every call is checked against the runner identity), so a closed one is simply
// removed.

import { Refusal } from '../../../protocol/index.ts';
import { type SessionRecord, type SessionRecords, parseSessionRecord } from '../session-record.ts';
import type { Disk } from './disk.ts';
import { encode } from './encode.ts';
import { ledgerFailure } from './failure.ts';
import type { Folder } from './folder.ts';
import { readNewest } from './newest.ts';
import type { Place } from './place.ts';
import type { Standing } from './standing.ts';
import type { Writer } from './writer.ts';

function parseSession(value: unknown, { name, rev }: Pick<Place, 'name' | 'rev'>): SessionRecord {
  const record = parseSessionRecord(value);
  if (record.session === name && record.rev === rev) return record;
  throw new Refusal({
    code: 'input-wrong-type',
    message: 'it holds another session than its name says',
    rule: 'the session record: name',
    fix: 'put back the file that was here',
  });
}

export function createSessionRecords(context: {
  readonly disk: Disk;
  readonly folder: Folder;
  readonly writer: Writer;
  readonly standing: Standing<SessionRecord>;
  readonly warn: (message: string) => void;
}): SessionRecords {
  const { disk, folder, writer, standing, warn } = context;
  const kind = 'sessions';

  async function asFailure<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw ledgerFailure(folder.path, error);
    }
  }

  return {
    putSession: (record) =>
      asFailure(async () => {
        const { session: name, rev } = record;
        if (record.epoch !== writer.epoch()) return false;
        const before = (await standing.entries()).get(name)?.revs.at(-1) ?? 0;
        if (before !== rev - 1) return false;
        const { bytes, read } = encode(record, (value) => parseSession(value, { name, rev }));
        const written = await writer.write({ kind, name, rev }, bytes);
        if (written) await standing.added(name, rev, read);
        else standing.forget();
        return written;
      }),
    closeSession: (name) =>
      asFailure(async () => {
        const revs = (await standing.entries()).get(name)?.revs ?? [];
        for (const rev of revs) await writer.remove({ kind, name, rev });
        await standing.removed(name, revs);
      }),
    sessions: () =>
      asFailure(async () => {
        const found: SessionRecord[] = [];
        for (const [name, entry] of await standing.entries()) {
          const read = await readNewest({ disk, folder, standing }, kind, name, entry, parseSession);
          if (read !== null && 'value' in read) found.push(read.value);
          else if (read !== null) warn(`a session is lost with its record: ${read.unreadable}`);
        }
        return found;
      }),
  };
}
