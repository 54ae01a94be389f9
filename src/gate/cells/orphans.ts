// Cells that nobody needs: left by a gate that died between an engine's call and the ledger's. Only cells of this
// installation are seen at all.

import type { Logger } from '../log.ts';
import type { CellEngine } from './engine.ts';
import { removeCell } from './remove.ts';

export interface TrackedCells extends CellEngine {
  /** Whether this process started the cell, or is starting it, and has not given it back. */
  isMine(id: string): boolean;
}

/** The same engine; each cell counts from before it is started until somebody removes it. */
export function trackCells(engine: CellEngine): TrackedCells {
  const mine = new Set<string>();
  return {
    ...engine,
    isMine: (id) => mine.has(id),
    async start(id) {
      mine.add(id);
      try {
        const cell = await engine.start(id);
        return {
          ...cell,
          remove() {
            mine.delete(id);
            return cell.remove();
          },
        };
      } catch (error) {
        mine.delete(id);
        throw error;
      }
    },
  };
}

/** @param isNeeded asked right before each removal @throws {Failure} the engine cannot be asked */
export async function removeOrphans(
  engine: TrackedCells,
  isNeeded: (id: string) => boolean,
  log: Logger,
): Promise<void> {
  for (const { id } of await engine.list()) {
    if (engine.isMine(id) || isNeeded(id)) continue;
    log.warn({ cell: id }, 'a cell that no open task needs is removed');
    await removeCell(engine, id).catch((err: unknown) => log.error({ err, cell: id }, 'a cell could not be removed'));
  }
}
