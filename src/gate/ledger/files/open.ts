// A ledger that outlives its gate: files in one folder of one machine, whatever crashes (PROTOCOL.md, Ledger). Any number
// of gates may open it; one is the holder and changes it, the others are standbys and may read.

import { randomBytes } from 'node:crypto';
import { Failure } from '../../../protocol/index.ts';
import type { Logger } from '../../log.ts';
import { type Clock, systemClock } from '../../timing.ts';
import type { Ledger } from '../ledger.ts';
import type { LedgerRecord } from '../record.ts';
import { createBindings } from './bindings.ts';
import { type Disk, fileDisk } from './disk.ts';
import { ledgerFailure } from './failure.ts';
import { openFolder } from './folder.ts';
import { createHealth } from './health.ts';
import { createHolding } from './holding.ts';
import { limitedDisk } from './limited-disk.ts';
import type { SessionRecord } from '../session-record.ts';
import { createSessionRecords } from './sessions.ts';
import { createStanding } from './standing.ts';
import { steadyClock } from './steady-clock.ts';
import { createSweep, repeat } from './sweep.ts';
import { createTasks } from './tasks.ts';
import {
  type FileLedgerBounds,
  type FileLedgerTiming,
  checkTiming,
  defaultFileLedgerBounds,
  defaultFileLedgerTiming,
} from './timing.ts';
import type { Turn } from './turn.ts';
import { createWriter } from './writer.ts';

export interface FileLedgerOptions {
  /** An absolute path on a local file system. Made if it is missing, mode 0700; its parent must be there. */
  readonly folder: string;
  /** Who this gate is, for people: printable, up to 256 characters, no blanks. */
  readonly holder: string;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
  /** What is left out keeps its default. */
  readonly timing?: Partial<FileLedgerTiming> | undefined;
  readonly bounds?: Partial<FileLedgerBounds> | undefined;
  /** For tests. */
  readonly disk?: Disk | undefined;
}

export interface FileLedger extends Ledger {
  /** Tells this ledger apart from every other one: 32 lower hex, made once and kept in its folder. */
  readonly id: string;
  /**
   * Resolves once this gate is the holder; the turn is renewed from then on by itself. Waits for as long as it takes:
   * trouble with the disk is logged, told by `broken`, and tried again. While a turn lives, it is that turn.
   * @throws {Failure} `gate-stopping`: the ledger was closed
   */
  acquire(): Promise<Turn>;
  /** Ends the turn, so that a standby can begin at once. Never rejects. */
  stepDown(): Promise<void>;
  /** null, or why the last use of the disk failed, in one sentence for the operator. */
  broken(): string | null;
  /** Steps down and stops. Idempotent, never rejects. */
  close(): Promise<void>;
}

/** @throws {Failure} `ledger-failed`: the folder cannot be used, or is not the gate's own */
export async function openFileLedger(options: FileLedgerOptions): Promise<FileLedger> {
  const { folder: path, holder, log, clock = systemClock } = options;
  const timing = { ...defaultFileLedgerTiming, ...options.timing };
  const bounds = { ...defaultFileLedgerBounds, ...options.bounds };
  checkTiming(timing);
  if (!/^[\x21-\x7e]{1,256}$/.test(holder))
    throw new Failure('ledger-failed', 'the name of a holder is 1 to 256 printable characters without blanks');
  const disk = limitedDisk(options.disk ?? fileDisk, timing.call);
  const folder = await openFolder(disk, path).catch((error: unknown) => {
    throw ledgerFailure(path, error);
  });

  const health = createHealth(log);
  const holding = createHolding(
    { disk, folder, clock, timing, report: health.holder, onRenewed: () => writer.probe() },
    { holder, instance: randomBytes(16).toString('hex') },
    (other) => log.info({ holder: other }, 'another gate holds the ledger'),
  );
  const writer = createWriter(disk, folder, holding.turn, health.records);
  const standing = createStanding<LedgerRecord>('tasks', disk, folder, writer.epoch, bounds.cached);
  const tasks = createTasks({ disk, folder, writer, standing });
  const bindings = createBindings({ disk, folder, writer, clock });
  const sessions = createSessionRecords({
    disk,
    folder,
    writer,
    standing: createStanding<SessionRecord>('sessions', disk, folder, writer.epoch, bounds.cached),
    warn: (message) => log.warn(message),
  });
  const now = steadyClock(clock, timing.kept);
  const sweep = createSweep({
    disk,
    folder,
    writer,
    standing,
    tasks,
    bindings,
    sessions,
    now,
    kept: timing.kept,
    batch: bounds.sweep,
  });
  const stopSweeping = repeat(sweep, timing.sweep, (err) =>
    log.warn({ err }, 'old records of the ledger could not be removed'),
  );

  return {
    ...sessions,
    id: folder.id,
    epoch: writer.epoch,
    create: (record) => tasks.create(record),
    swap: (next) => tasks.swap(next),
    read: (job, slot) => tasks.read(job, slot),
    list: (filter) => tasks.list(filter),
    bind: (runner, job) => bindings.bind(runner, job),
    acquire: () => holding.acquire(),
    stepDown: () => holding.stepDown(),
    broken: health.broken,
    async close() {
      stopSweeping();
      await holding.close();
    },
  };
}
