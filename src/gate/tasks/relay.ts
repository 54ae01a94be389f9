// What of a cell's events waits for the runner: state events, the result, and the newest log lines within a fixed number
// of bytes. The cell never waits for a runner: a slow one misses log lines, which their numbers show, and never a state
// or the result (DESIGN.md, The gate).

import type { LogEvent, ResultEvent, StateEvent } from '../../protocol/index.ts';
import { createLogRing } from './log-ring.ts';
import { createStates } from './states.ts';

export interface Position {
  /** Numbers of the last state or result event and of the last log line that the reader has. */
  readonly state: number;
  readonly log: number;
}

export interface Relay {
  log(event: LogEvent): void;
  state(event: StateEvent): void;
  /** Nothing is taken after it. */
  result(event: ResultEvent): void;
  /** The oldest event that the reader has not seen; null: there is none now. */
  after(position: Position): LogEvent | StateEvent | ResultEvent | null;
  lastState(): StateEvent | null;
  ended(): ResultEvent | null;
  /** Calls back after each change; returns how to stop that. */
  watch(onChange: () => void): () => void;
  /** Makes readers look again: something that is not an event has changed. */
  wake(): void;
}

/** @param maxLogBytes log lines that are kept; a longer history is forgotten from its beginning */
export function createRelay(maxLogBytes: number): Relay {
  const ring = createLogRing(maxLogBytes);
  const states = createStates();
  let order = 0;
  let result: ResultEvent | null = null;
  const watchers = new Set<() => void>();
  const wake = (): void => {
    for (const watcher of watchers) watcher();
  };

  return {
    log(event) {
      if (result !== null) return;
      ring.add(event, order++);
      wake();
    },
    state(event) {
      if (result !== null) return;
      states.add(event, order++);
      wake();
    },
    result(event) {
      result ??= event;
      wake();
    },
    after(position) {
      const log = ring.after(position.log);
      const state = states.after(position.state);
      if (log !== null && (state === null || log.order < state.order)) return log.event;
      if (state !== null) return state.event;
      return result !== null && result.n > position.state ? result : null;
    },
    lastState: () => states.last(),
    ended: () => result,
    watch(onChange) {
      watchers.add(onChange);
      return () => watchers.delete(onChange);
    },
    wake,
  };
}
