import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { silentLog } from '../../../src/gate/log.ts';
import { type FileLedger, type FileLedgerOptions, openFileLedger } from '../../../src/gate/ledger/files/index.ts';
import { testClock } from './clock.ts';

// Ledgers in folders of their own, closed and removed after each test.

const made: string[] = [];
const opened: FileLedger[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((ledger) => ledger.close()));
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** Hundreds of syncs on a disk that others use too are a matter of luck; in memory they are quick, and links are links. */
const inMemory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A folder for one ledger, not yet there, in a folder that is removed after the test. */
export function newFolder({ onDisk = false } = {}): string {
  const path = mkdtempSync(join(onDisk ? tmpdir() : inMemory, 'airlock-ledger-'));
  made.push(path);
  return join(path, 'ledger');
}

/** Short waits; still far longer than what a busy machine makes of a poll. */
export const quick = { life: 1_500, renew: 100, retry: 50, stop: 1_000, poll: 20 };

export async function open(folder: string, options: Partial<FileLedgerOptions> = {}): Promise<FileLedger> {
  const ledger = await openFileLedger({ folder, holder: 'test', log: silentLog(), timing: { poll: 20 }, ...options });
  opened.push(ledger);
  return ledger;
}

export interface Held {
  readonly ledger: FileLedger;
  readonly epoch: number;
}

export async function hold(folder: string, options: Partial<FileLedgerOptions> = {}): Promise<Held> {
  const ledger = await open(folder, options);
  return { ledger, epoch: (await ledger.acquire()).epoch };
}

/** Follows a gate that has died, without the wait. Its clock stands still from then on. */
export async function follow(folder: string): Promise<Held> {
  const clock = testClock();
  const ledger = await open(folder, { clock, timing: { poll: 2, renew: 9_000 } });
  const acquiring = ledger.acquire();
  const passing = setInterval(() => clock.pass(7_500), 10);
  try {
    return { ledger, epoch: (await acquiring).epoch };
  } finally {
    clearInterval(passing);
  }
}
