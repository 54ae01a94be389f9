// The ledger on a disk, paired with the least that such a promise can cost there: the bytes written and synced, the name
// given by link(), and the folder synced.

import { link, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileLedger, openFileLedger, silentLog } from '../../src/gate/index.ts';
import { after, waiting } from '../ledger/support/records.ts';
import { type Figure, paired, ratioFigure, timed } from './figures.ts';

/** Tasks in one measured turn: one write and sync alone is too short for a clock on a busy disk. */
const perTurn = 20;

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync();
  await handle.close();
}

async function writeLinked(folder: string, name: string, bytes: string): Promise<void> {
  const aside = join(folder, `${name}.aside`);
  const file = await open(aside, 'wx', 0o600);
  await file.writeFile(bytes);
  await file.sync();
  await file.close();
  await link(aside, join(folder, name));
  await syncFolder(folder);
}

/** Creates a record and changes it once. */
async function createAndSwap(ledger: FileLedger, epoch: number, number: number): Promise<void> {
  const key = { repositoryId: '123456', runId: String(number), runAttempt: '1', job: `c${number}` };
  const record = waiting({ epoch, key });
  const made = await ledger.create(record);
  if (!made || !(await ledger.swap(after(record)))) throw new Error('the ledger did not take a record');
}

export async function ledgerFigure(pairs: number): Promise<Figure> {
  const folder = await mkdtemp(join(tmpdir(), 'airlock-bench-'));
  const ledger = await openFileLedger({ folder: join(folder, 'ledger'), holder: 'bench', log: silentLog() });
  const bare = await mkdtemp(join(folder, 'bare-'));
  const bytes = JSON.stringify(waiting());
  let number = 0;
  const turn = (work: (number: number) => Promise<unknown>) => (): Promise<number> =>
    timed(async () => {
      for (let count = 0; count < perTurn; count++) await work(++number);
    });
  try {
    const { epoch } = await ledger.acquire();
    const found = await paired(
      pairs,
      turn((one) => createAndSwap(ledger, epoch, one)),
      turn(async (one) => {
        await writeLinked(bare, `${one}.1`, bytes);
        await writeLinked(bare, `${one}.2`, bytes);
      }),
    );
    return ratioFigure('a record of the ledger created and changed once', 'two bare write, sync and link', found);
  } finally {
    await ledger.close();
    await rm(folder, { recursive: true, force: true });
  }
}
