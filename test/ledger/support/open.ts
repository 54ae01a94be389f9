import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { silentLog } from '../../../src/gate/index.ts';
import { type FileLedger, type FileLedgerOptions, openFileLedger } from '../../../src/gate/ledger/files/index.ts';

// Ledgers in folders of their own, closed and removed after each test.

const made: string[] = [];
const opened: FileLedger[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((ledger) => ledger.close()));
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** A folder for one ledger, not yet there, in a folder that is removed after the test. */
export function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'airlock-ledger-'));
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
