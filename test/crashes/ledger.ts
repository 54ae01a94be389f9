// What the gate writes into its ledger, seen from outside in the moment in which it is written.

import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';

export interface LedgerWatch {
  /** Resolves when a task of this run enters the phase. */
  phase(run: string, phase: string): Promise<void>;
  close(): void;
}

interface Written {
  readonly key?: { readonly runId?: string };
  readonly phase?: string;
}

/** @param folder of the ledger, which exists */
export function watchLedger(folder: string): LedgerWatch {
  const tasks = join(folder, 'tasks');
  const waiting = new Set<{ readonly run: string; readonly phase: string; readonly done: () => void }>();
  const watcher: FSWatcher = watch(tasks, (_, file) => {
    if (file === null || waiting.size === 0) return;
    let record: Written;
    try {
      record = JSON.parse(readFileSync(join(tasks, file), 'utf8')) as Written;
    } catch {
      return; // It was removed.
    }
    for (const one of waiting) {
      if (one.run !== record.key?.runId || one.phase !== record.phase) continue;
      waiting.delete(one);
      one.done();
    }
  });
  return {
    phase: (run, phase) => new Promise((done) => waiting.add({ run, phase, done })),
    close: () => watcher.close(),
  };
}
