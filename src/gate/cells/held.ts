// A cell in the gate's hands, from its start on. Its stdout is read at once and always, so that a cell that speaks
// before it has its order is noticed and one that speaks much is never held up (DESIGN.md, The gate).

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CellLine, Failure, type Order } from '../../protocol/index.ts';
import { within } from '../limit.ts';
import type { Logger } from '../log.ts';
import type { Timing } from '../timing.ts';
import type { Cell, CellEngine } from './engine.ts';

export interface CellReader {
  /** Must not wait. What it throws ends the reading and is given to `over`. */
  line(text: string): void;
  /** Asked after each line; null: read on at once. Never rejects, and is bounded. */
  pause(): Promise<void> | null;
  /** Once, when nothing more will come. */
  over(why: Failure): void;
}

export interface HeldCell {
  readonly id: string;
  /** False: it has ended or has spoken without an order. */
  usable(): boolean;
  /** Sends the order; from now on the reader gets what the cell writes. Once only. */
  order(order: Order, reader: CellReader): void;
  /** An order once more: a cell that has it ignores it. */
  tell(line: CellLine | Order): void;
  /** Removes the cell, within a limit. Idempotent. */
  discard(): Promise<void>;
}

function hold(cell: Cell, timing: Timing, log: Logger, first: CellReader | null = null): HeldCell {
  let reader = first;
  let why: Failure | null = null;
  let discarded: Promise<void> | null = null;
  const { apart } = timing;

  function over(failure: Failure): void {
    if (why !== null) return;
    why = failure;
    reader?.over(failure);
  }

  async function read(): Promise<void> {
    for await (const line of cell.lines) {
      if (reader === null) throw new Failure('cell-misbehaved', 'the cell spoke before it had its order');
      reader.line(line);
      const pause = reader.pause();
      if (pause !== null) await pause;
    }
  }

  async function watch(): Promise<void> {
    const ended = cell.ended.then(
      ({ reason }) => new Failure('cell-lost', `the cell ended without a result: ${reason}`),
    );
    const silent = new Failure('cell-lost', 'the cell closed its output without a result');
    const reading = read().then(() => within(ended, apart, () => silent));
    // Whatever stands in the pipe of a cell that has ended is read first.
    const gone = ended.then((failure) => sleep(apart, failure, { ref: false }));
    over(await Promise.race([reading, gone]));
  }

  watch().catch((cause: unknown) => {
    over(cause instanceof Failure ? cause : new Failure('cell-lost', 'the cell cannot be read any more', { cause }));
  });

  return {
    id: cell.id,
    usable: () => why === null && discarded === null,
    order(order, by) {
      reader = by;
      if (why !== null) by.over(why);
      else cell.send(order);
    },
    tell: (line) => cell.send(line),
    discard() {
      discarded ??= within(cell.remove(), timing.cellRemove, () => {
        log.error({ cell: cell.id }, 'a cell could not be removed in time');
      }).catch((err: unknown) => log.error({ err, cell: cell.id }, 'a cell could not be removed'));
      return discarded;
    },
  };
}

/** @throws {Failure} `cell-start-failed`, `no-cell-engine` */
export async function startCell(engine: CellEngine, timing: Timing, log: Logger): Promise<HeldCell> {
  const starting = engine.start(randomBytes(16).toString('hex'));
  const cell = await within(starting, timing.cellStart, () => {
    // It may still come: then nobody needs it.
    void starting.then((late) => hold(late, timing, log).discard()).catch(() => undefined);
    throw new Failure('cell-start-failed', `the cell was not there after ${timing.cellStart / 1000} s`);
  });
  return hold(cell, timing, log);
}

/**
 * Attaches to a cell that was started before, by this gate or another one, and reads it at once.
 * @throws {Failure} `cell-lost` there is none; `no-cell-engine` and others: nobody knows now
 */
export async function adoptCell(
  engine: CellEngine,
  id: string,
  reader: CellReader | null,
  timing: Timing,
  log: Logger,
): Promise<HeldCell> {
  const attaching = engine.adopt(id);
  const cell = await within(attaching, timing.cellStart, () => {
    throw new Failure('no-cell-engine', `the engine did not attach to the cell within ${timing.cellStart / 1000} s`);
  });
  return hold(cell, timing, log, reader);
}
