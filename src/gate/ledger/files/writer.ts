// Writing under the turn: what this gate may change, and the end of its turn when it may not, or when nobody can say what
// stands.

import { writeAside } from './aside.ts';
import type { Disk } from './disk.ts';
import { ledgerFailure } from './failure.ts';
import type { Folder } from './folder.ts';
import type { Report } from './health.ts';
import { type Place, type Placed, place, takeAway } from './place.ts';
import { type HeldTurn, takenByAnother } from './turn.ts';

export interface Writer {
  /** null: this gate is not the holder. */
  readonly epoch: () => number | null;
  /** @returns false: the name stands already, or the turn is over @throws {Failure} `ledger-failed` */
  write(where: Place, bytes: Uint8Array): Promise<boolean>;
  /** Does nothing when the turn is over. @throws {Failure} `ledger-failed` */
  remove(where: Place): Promise<void>;
  /** Makes removals durable before what must not outlive them follows. @throws {Failure} `ledger-failed` */
  sync(kind: Place['kind']): Promise<void>;
  /** After a failure: looks whether a file can be written again, so that readiness comes back by itself. Never rejects. */
  probe(): Promise<void>;
}

/** As large as a usual record. */
const sample = new Uint8Array(4096);

const lost = 'the disk did not say whether a record was written, so the ledger must be read anew';

export function createWriter(disk: Disk, folder: Folder, turn: () => HeldTurn | null, report: Report): Writer {
  let failed = false;

  function current(): HeldTurn | null {
    const held = turn();
    return held?.live() === true ? held : null;
  }

  async function reported<T>(work: Promise<T>): Promise<T> {
    try {
      const done = await work;
      failed = false;
      report(null);
      return done;
    } catch (error) {
      const failure = ledgerFailure(folder.path, error);
      failed = true;
      report(failure);
      throw failure;
    }
  }

  function standing(placed: Placed, held: HeldTurn): boolean {
    if (placed === 'ended') held.end(takenByAnother);
    if (placed === 'unknown') {
      held.end(lost);
      throw ledgerFailure(folder.path, Object.assign(new Error(lost), { code: 'EIO' }));
    }
    // Too late for this turn: it stands, and the next holder goes on from it.
    return placed === 'placed' && held.live();
  }

  return {
    epoch: () => current()?.epoch ?? null,
    async write(where, bytes) {
      const held = current();
      if (held === null) return false;
      return reported(place(disk, folder, held.taken.aside, where, bytes).then((placed) => standing(placed, held)));
    },
    async remove(where) {
      const held = current();
      if (held !== null) await reported(takeAway(disk, folder, held.taken.aside, where));
    },
    sync: (kind) => reported(disk.syncFolder(folder.of(kind))),
    async probe() {
      const held = current();
      if (!failed || held === null) return;
      const path = held.taken.aside.next();
      await reported(writeAside(disk, path, sample)).catch(() => undefined);
      await disk.unlink(path).catch(() => undefined);
    },
  };
}
