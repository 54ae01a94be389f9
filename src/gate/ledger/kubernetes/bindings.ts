// Which job a runner belongs to, as ConfigMaps: created once, at the first job that it proves, and never changed. The
// name is taken by one alone, so two gates cannot bind a runner to two jobs.

import { Failure } from '../../../protocol/index.ts';
import type { Clock } from '../../timing.ts';
import { type BindingRecord, parseBindingRecord } from '../binding-record.ts';
import { bindingName } from '../files/names.ts';
import { takenOver } from '../use.ts';
import type { ConfigMaps, Kept } from './config-maps.ts';
import type { Turn } from './turn.ts';

export interface Bindings {
  /** @throws {Failure} `ledger-failed`, `gate-standby` @throws {KubernetesError} */
  bind(runner: string, job: string): Promise<string>;
  list(): Promise<readonly BindingRecord[]>;
  remove(binding: BindingRecord): Promise<void>;
}

const kind = 'binding';

function read({ name, text }: Kept): BindingRecord | null {
  try {
    const record = text === null ? null : parseBindingRecord(JSON.parse(text));
    return record !== null && bindingName(record.runner) === name ? record : null;
  } catch {
    return null;
  }
}

export function createBindings(maps: ConfigMaps, turn: () => Turn | null, clock: Clock): Bindings {
  /** null: the runner is not bound. */
  async function boundTo(runner: string): Promise<string | null> {
    const kept = await maps.get(kind, bindingName(runner));
    if (kept === null) return null;
    const record = read(kept);
    // It is bound, nobody knows to which job, so it serves none.
    if (record === null)
      throw new Failure('ledger-failed', `the job of this runner cannot be read (${kind} ${kept.name})`);
    return record.job;
  }

  return {
    async bind(runner, job) {
      const epoch = turn()?.epoch;
      if (epoch === undefined) throw takenOver();
      const older = await boundTo(runner);
      if (older !== null) return older;
      const record: BindingRecord = { v: 1, runner, job, epoch, bound: clock.now() };
      const kept = await maps.create(kind, bindingName(runner), JSON.stringify(record));
      const first = kept === null ? await boundTo(runner) : job;
      if (first === null || turn()?.epoch !== epoch) throw takenOver();
      return first;
    },
    async list() {
      return (await maps.list(kind)).flatMap((kept) => read(kept) ?? []);
    },
    remove: ({ runner }) => maps.remove(kind, bindingName(runner)),
  };
}
