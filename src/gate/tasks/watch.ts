// Checks what a cell writes, line by line. A cell that breaks its own protocol is not believed any more, least of all
// when it says success: a missing state or result event must never end green (DESIGN.md, The gate).
//
// A cell that is read again is asked to repeat what was missed, and goes on speaking meanwhile: the first line may be
// half a one, and events on the way come before the repeated ones that precede them. Until the repetition is seen to
// begin, numbered events that come too early are dropped, since they come once more, and log lines wait.

import { type CellEvent, Failure, type LogEvent, Refusal, parseCellEvent } from '../../protocol/index.ts';
import type { Numbers } from '../ledger/record.ts';

export interface Watch {
  /** What can be believed now, in order. @throws {Failure} `cell-misbehaved`, with what was wrong */
  read(line: string): readonly CellEvent[];
  /** The cell will be read anew. @returns the numbers after which it has to repeat everything */
  resume(): Numbers;
}

/** Characters of log that wait for the repetition to begin; beyond, the oldest are forgotten, which their numbers show. */
const maxHeld = 1_048_576;

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

const sizeOf = ({ lines }: LogEvent): number => lines.reduce((sum, { length }) => sum + length, 0);

/** Log events on the way of a cell that is read anew. */
interface Held {
  /** Keeps it, unless it goes back behind what came before. @returns whether it does: the repetition has begun */
  add(event: LogEvent): boolean;
  release(): readonly LogEvent[];
}

function createHeld(): Held {
  let events: LogEvent[] = [];
  let size = 0;
  let top = 0;
  return {
    add(event) {
      if (event.n <= top) return true;
      top = event.n + event.lines.length - 1;
      events.push(event);
      size += sizeOf(event);
      while (size > maxHeld && events.length > 1) size -= sizeOf(events.shift() ?? event);
      return false;
    },
    release() {
      const released = events;
      events = [];
      return released;
    },
  };
}

/** @param known the build's number, where an earlier cell of the task has told it */
export function watchCell(known: number | null = null): Watch {
  let last = 0;
  let line = 0;
  let number = known;
  let ended = false;
  /** null: nothing is repeated (any more). */
  let held: Held | null = null;
  let resumed = false;
  let half = false;

  /** @returns null: half a line */
  function event(text: string): CellEvent | null {
    const mayBeHalf = half;
    half = false;
    try {
      return parse(text);
    } catch (error) {
      if (mayBeHalf) return null;
      throw error;
    }
  }

  function logged(log: LogEvent): readonly CellEvent[] {
    if (held !== null) {
      if (!held.add(log)) return [];
      // Its lines are repeated now, older ones first.
      held = null;
    }
    line = Math.max(line, log.n + log.lines.length - 1);
    return [log];
  }

  function released(): readonly LogEvent[] {
    const logs = held?.release() ?? [];
    held = null;
    for (const { n, lines } of logs) line = Math.max(line, n + lines.length - 1);
    return logs;
  }

  function checkBuild(seen: Exclude<CellEvent, LogEvent>): void {
    if (seen.k === 'state') {
      const told = seen.build?.number ?? number;
      if (number !== null && told !== number) throw misbehaved(`the build changed from ${number} to ${told}`);
      number = told;
      return;
    }
    if (seen.k === 'builds') return;
    ended = true;
    if (seen.verdict === 'success' && !/^[1-9][0-9]{0,15}$/.test(seen.outputs.number))
      throw misbehaved('success without a build number');
    const named = seen.outputs.number !== '' || seen.verdict === 'success';
    if (number !== null && named && seen.outputs.number !== String(number))
      throw misbehaved(`the result is of build ${JSON.stringify(seen.outputs.number)}, not ${number}`);
  }

  return {
    read(text) {
      if (ended) throw misbehaved('a line came after the result');
      const seen = event(text);
      if (seen === null) return [];
      if (seen.k === 'log') return logged(seen);
      // The first one of the repetition is the last one that was seen; see `resume`.
      if (held !== null && seen.n !== Math.max(1, last)) return [];
      const logs = released();
      if (resumed && seen.n <= last) return logs;
      if (seen.n !== last + 1) throw misbehaved(`state event ${seen.n} came after ${last}`);
      last = seen.n;
      checkBuild(seen);
      return [...logs, seen];
    },
    resume() {
      held = createHeld();
      half = true;
      resumed = true;
      // One event more than is missing: by it the repetition is known.
      return { state: Math.max(0, last - 1), log: line };
    },
  };
}
