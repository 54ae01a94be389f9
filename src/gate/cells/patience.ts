// An engine that is being restarted is back within seconds. Whoever needs a cell just then waits for it, for a bounded
// time, in place of failing a job that would have run a moment later.

import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../protocol/index.ts';
import type { Logger } from '../log.ts';
import type { Timing } from '../timing.ts';
import type { CellEngine } from './engine.ts';
import { type HeldCell, startCell } from './held.ts';

/** Milliseconds between two looks. */
const again = 250;

/** @returns null: a cell could be started now; else why not, after `limit` ms */
export async function engineReady(engine: Pick<CellEngine, 'ready' | 'check'>, limit: number): Promise<string | null> {
  const until = performance.now() + limit;
  let reason = engine.ready();
  while (reason !== null && engine.check !== undefined) {
    reason = await engine.check();
    if (reason === null || performance.now() >= until) break;
    await sleep(again);
  }
  return reason;
}

/** @throws {Failure} `cell-start-failed`, `no-cell-engine` */
export async function startCellSoon(engine: CellEngine, timing: Timing, log: Logger): Promise<HeldCell> {
  const until = performance.now() + timing.engineBack;
  for (;;) {
    try {
      return await startCell(engine, timing, log);
    } catch (error) {
      const left = until - performance.now();
      const away = error instanceof Failure && error.code === 'no-cell-engine';
      if (!away || left <= 0 || (await engineReady(engine, left)) !== null) throw error;
    }
    await sleep(again);
  }
}
