// Checks what a cell writes, line by line. A cell that breaks its own protocol is not believed any more, least of all
// when it says success: a missing state or result event must never end green (DESIGN.md, The gate).

import { type CellEvent, Failure, Refusal, parseCellEvent } from '../../protocol/index.ts';

export interface Watch {
  /** @throws {Failure} `cell-misbehaved`, with what was wrong */
  read(line: string): CellEvent;
}

const misbehaved = (what: string, cause?: unknown): Failure =>
  new Failure('cell-misbehaved', `the cell's report cannot be believed: ${what}`, { cause });

function parse(line: string): CellEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw misbehaved('a line is not JSON', cause);
  }
  try {
    return parseCellEvent(value);
  } catch (cause) {
    throw misbehaved(cause instanceof Refusal ? cause.message : 'a line is no event', cause);
  }
}

/** @param from number of the last state event that was seen; above 0 when a cell is resumed */
export function watchCell(from = 0): Watch {
  let last = from;
  let number: number | null = null;
  let ended = false;

  function checkOrder(n: number): void {
    if (n !== last + 1) throw misbehaved(`state event ${n} came after ${last}`);
    last = n;
  }

  return {
    read(line) {
      if (ended) throw misbehaved('a line came after the result');
      const event = parse(line);
      if (event.k === 'log') return event;
      checkOrder(event.n);
      if (event.k === 'state') {
        const told = event.build?.number ?? number;
        if (number !== null && told !== number) throw misbehaved(`the build changed from ${number} to ${told}`);
        number = told;
        return event;
      }
      ended = true;
      if (event.verdict === 'success' && !/^[1-9][0-9]{0,15}$/.test(event.outputs.number))
        throw misbehaved('success without a build number');
      const named = event.outputs.number !== '' || event.verdict === 'success';
      if (number !== null && named && event.outputs.number !== String(number))
        throw misbehaved(`the result is of build ${JSON.stringify(event.outputs.number)}, not ${number}`);
      return event;
    },
  };
}
