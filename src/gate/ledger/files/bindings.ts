// Which job a runner belongs to: written once, at the first job that it proves, and never changed (DESIGN.md, Identity).

import { Failure, Refusal } from '../../../protocol/index.ts';
import type { Clock } from '../../timing.ts';
import { type BindingRecord, parseBindingRecord } from '../binding-record.ts';
import type { Disk } from './disk.ts';
import { encode } from './encode.ts';
import { ledgerFailure } from './failure.ts';
import type { Folder } from './folder.ts';
import { bindingName } from './names.ts';
import type { Place } from './place.ts';
import { type Read, readPlace } from './read-place.ts';
import type { Writer } from './writer.ts';

export interface Bindings {
  bind(runner: string, job: string): Promise<string>;
  read(name: string): Promise<Read<BindingRecord>>;
}

function parseBinding(value: unknown, { name }: Pick<Place, 'name'>): BindingRecord {
  const record = parseBindingRecord(value);
  if (bindingName(record.runner) === name) return record;
  throw new Refusal({
    code: 'input-wrong-type',
    message: 'it holds another binding than its name says',
    rule: 'the binding: name',
    fix: 'put back the file that was here',
  });
}

export function createBindings(context: {
  readonly disk: Disk;
  readonly folder: Folder;
  readonly writer: Writer;
  readonly clock: Clock;
}): Bindings {
  const { disk, folder, writer, clock } = context;
  const placeOf = (name: string): Place => ({ kind: 'bindings', name, rev: 1 });

  const read = (name: string): Promise<Read<BindingRecord>> =>
    readPlace(disk, folder, placeOf(name), parseBinding).catch((error: unknown) => {
      throw ledgerFailure(folder.path, error);
    });

  /** null: the runner is not bound. */
  async function boundTo(runner: string): Promise<string | null> {
    const found = await read(bindingName(runner));
    if ('value' in found) return found.value.job;
    if ('gone' in found) return null;
    // It is bound, nobody knows to which job, so it serves none.
    throw new Failure('ledger-failed', `the job of this runner cannot be read (${found.unreadable})`);
  }

  return {
    read,
    async bind(runner, job) {
      const epoch = writer.epoch();
      if (epoch === null)
        throw new Failure('gate-standby', 'this gate is a standby; another one is active', { status: 503 });
      const older = await boundTo(runner);
      if (older !== null) return older;
      const where = placeOf(bindingName(runner));
      const record: BindingRecord = { v: 1, runner, job, epoch, bound: clock.now() };
      const { bytes } = encode(record, (value) => parseBinding(value, where));
      if (await writer.write(where, bytes)) return job;
      const first = await boundTo(runner);
      if (first !== null && writer.epoch() === epoch) return first;
      throw new Failure('gate-standby', 'this gate is not the active one any more', { status: 503 });
    },
  };
}
