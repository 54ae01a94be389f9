// Taking away a cell that this process does not hold.

import { Failure } from '../../protocol/index.ts';
import type { Cell, CellEngine } from './engine.ts';

/** Resolves when it is gone, whoever took it away. @throws {Failure} `no-cell-engine` and others: nobody knows */
export async function removeCell(engine: CellEngine, id: string): Promise<void> {
  let cell: Cell;
  try {
    cell = await engine.adopt(id);
  } catch (error) {
    if (error instanceof Failure && error.code === 'cell-lost') return;
    throw error;
  }
  await cell.remove();
}
