// What a case must end with, from what lived at that moment and what was done to it. Never from a run.

import type { Case, EngineMode, Strike } from './cases.ts';
import type { Row } from './rows.ts';

/** `any`: it depends on what was faster. Green still needs Drone's success, and all other rules hold. */
export type Outcome = 'green' | 'red' | 'cancelled' | 'any';

/** The build was never asked for, and a second cell must not ask: nobody knows what the first one did. */
function withoutCell({ cell, build }: Row): Outcome {
  // An order that leaves before its cell is known to be dead is lost with it, and nobody can tell that it did nothing.
  if (cell === 'either' || cell === 'idle') return 'any';
  if (cell !== 'ordered' || build === 'made') return 'green';
  return build === 'none' ? 'red' : 'any';
}

function killed(row: Row, { victim }: Strike, engine: EngineMode | null): Outcome {
  switch (victim) {
    case 'hook':
      return row.hook === 'cleanup' ? 'any' : 'red';
    case 'gate':
    case 'drone':
      return 'green';
    case 'cell':
      return withoutCell(row);
    case 'shim':
      // The cell lives on until its engine notices, and may ask for its build meanwhile.
      return row.build === 'none' && withoutCell(row) === 'red' ? 'any' : withoutCell(row);
    case 'engine':
      // A cell that is to be started meanwhile may find no engine.
      if (row.cell === 'none' || row.cell === 'idle' || row.cell === 'either') return 'any';
      if (engine === 'keeps') return 'green';
      // Without an engine the cell goes on, and may ask for its build, until the next engine ends it.
      return row.build === 'none' ? 'any' : withoutCell(row);
    default:
      return victim satisfies never;
  }
}

export function expectedOf({ row, strikes, engine }: Case): Outcome {
  if (row.by === 'cancel') return 'cancelled';
  const alone = strikes.map((strike) => (strike.how === 'stop' ? 'green' : killed(row, strike, engine)));
  if (alone.includes('red')) return 'red';
  return alone.includes('any') ? 'any' : 'green';
}

/** The line that a job shows when its gate was replaced under it; null: it depends on what was faster. */
export function noticesOf({ row, strikes }: Case): number | null {
  const [strike, ...others] = strikes;
  if (strike?.victim !== 'gate' || strike.how !== 'kill' || others.length > 0) return null;
  return row.cell === 'ordered' && row.hook === 'step' && row.by !== 'cancel' ? 1 : null;
}
