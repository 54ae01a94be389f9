// What of a cell's events waits for the runner: state events, the result, and the newest log lines within a fixed number
// of bytes. The cell never waits for a runner: a slow one misses log lines, which their numbers show, and never a state
// or the result (DESIGN.md, The gate).
//
// A runner counts on numbers without a gap, over every cell that its task ever has. So numbers are added twice: `renumber`
// lets a replacement's events go on behind those that are here, and `base` is what runners have seen of cells that this
// gate never heard.

import type { CellEvent, LogEvent, ResultEvent, StateEvent } from '../../protocol/index.ts';
import type { Numbers } from '../ledger/record.ts';
import { createLogRing } from './log-ring.ts';
import { createStates } from './states.ts';

/** Numbers of the last state or result event and of the last log line that the reader has. */
export type Position = Numbers;

export interface Relay {
  /** The cell's event with the number that it has here. */
  renumber<E extends CellEvent>(event: E): E;
  log(event: LogEvent): void;
  state(event: StateEvent): void;
  /** Nothing is taken after it. */
  result(event: ResultEvent): void;
  /** The next cell begins at 1 again. */
  replace(): void;
  /** What is added to the present cell's numbers for the runner; null: no runner has asked for them yet. */
  shift(): Numbers | null;
  /** The oldest event that the reader has not seen; null: there is none now. */
  after(position: Position): LogEvent | StateEvent | ResultEvent | null;
  lastState(): StateEvent | null;
  ended(): ResultEvent | null;
  /** Whether the reader has everything that there will ever be. */
  isRead(position: Position): boolean;
  /** Calls back after each change; returns how to stop that. */
  watch(onChange: () => void): () => void;
  /** Bytes of log that the reader has not taken. */
  behind(): number;
  /** Calls back each time that a reader has taken more; returns how to stop that. */
  onRead(onRead: () => void): () => void;
  /** Makes readers look again: something that is not an event has changed. */
  wake(): void;
}

/** Nothing was seen. */
const none: Numbers = { state: 0, log: 0 };
const sum = (a: Numbers, b: Numbers): Numbers => ({ state: a.state + b.state, log: a.log + b.log });

/**
 * @param maxLogBytes log lines that are kept; a longer history is forgotten from its beginning
 * @param known what runners have seen of earlier cells; null: the next one that asks tells
 */
export function createRelay(maxLogBytes: number, known: Numbers | null = none): Relay {
  const ring = createLogRing(maxLogBytes);
  const states = createStates();
  let base = known;
  let offset = none;
  let last = none;
  let order = 0;
  let result: ResultEvent | null = null;
  /** The last log line that the reader has taken, by the numbers of here. */
  let taken = 0;
  const watchers = new Set<() => void>();
  const takers = new Set<() => void>();
  const wake = (): void => {
    for (const watcher of watchers) watcher();
  };
  const shown = <E extends CellEvent>(event: E, by: Numbers): E => {
    const more = event.k === 'log' ? by.log : by.state;
    return more === 0 ? event : { ...event, n: event.n + more };
  };
  const here = ({ state, log }: Position, by: Numbers): Position => ({ state: state - by.state, log: log - by.log });

  /** While nothing was said here, what the runner has seen was said by cells of an older gate. */
  function floatIfSilent(): void {
    if (order === 0) base = null;
  }

  function next(position: Position): LogEvent | StateEvent | ResultEvent | null {
    const log = ring.after(position.log);
    const state = states.after(position.state);
    if (log !== null && (state === null || log.order < state.order)) return log.event;
    if (state !== null) return state.event;
    return result !== null && result.n > position.state ? result : null;
  }

  return {
    renumber: (event) => shown(event, offset),
    log(event) {
      if (result !== null) return;
      ring.add(event, order++);
      last = { ...last, log: Math.max(last.log, event.n + event.lines.length - 1) };
      wake();
    },
    state(event) {
      if (result !== null) return;
      states.add(event, order++);
      last = { ...last, state: event.n };
      wake();
    },
    result(event) {
      if (result !== null) return;
      floatIfSilent();
      result = event;
      wake();
    },
    replace() {
      floatIfSilent();
      offset = last;
    },
    shift: () => (base === null ? null : sum(base, offset)),
    after(position) {
      const seen = base === null ? none : here(position, base);
      if (seen.log !== taken) {
        taken = seen.log;
        for (const taker of takers) taker();
      }
      const event = next(seen);
      if (event === null) return null;
      base ??= position;
      return shown(event, base);
    },
    lastState: () => states.last(),
    ended: () => result,
    isRead: (position) => result !== null && base !== null && result.n <= here(position, base).state,
    watch(onChange) {
      watchers.add(onChange);
      return () => watchers.delete(onChange);
    },
    behind: () => ring.behind(taken),
    onRead(onRead) {
      takers.add(onRead);
      return () => takers.delete(onRead);
    },
    wake,
  };
}
