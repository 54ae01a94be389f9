// What of a build's log leaves the cell: `full`, the `tail` of failed steps, or `status`: not one byte of it. Every line
// is redacted whole, then cut into pieces, then counted against the order's logBytes.

import type { LogNeed, StepSink } from '../drone/index.ts';
import type { LogLevel } from '../protocol/session.ts';
import type { Output } from './output.ts';
import { piecesOf } from './pieces.ts';

export interface LevelOptions {
  readonly level: LogLevel;
  /** Bytes of log that are relayed. */
  readonly logBytes: number;
  readonly redact: (line: string) => string;
  readonly output: Output;
}

const needs: Readonly<Record<LogLevel, LogNeed>> = { full: 'all', tail: 'failed', status: 'none' };

export const needOf = (level: LogLevel): LogNeed => needs[level];

const tailLines = 50;
const tailSize = 1_048_576;

/** Counts what was relayed, over all steps; beyond the limit one line says so. The verdict does not depend on it. */
class Budget {
  #left: number;
  readonly #limit: number;
  readonly #output: Output;

  constructor(limit: number, output: Output) {
    this.#left = limit;
    this.#limit = limit;
    this.#output = output;
  }

  line(step: string, text: string): void {
    if (this.#left < 0) return;
    this.#left -= Buffer.byteLength(text) + 1;
    this.#output.line(
      step,
      this.#left < 0 ? `[airlock] the log is cut here: limits.logBytes allows ${this.#limit} bytes of it` : text,
    );
  }
}

/** The last lines of a step, bounded in number and size. */
class Tail {
  #lines: string[] = [];
  #size = 0;

  push(line: string): void {
    this.#lines.push(line);
    this.#size += line.length;
    while (this.#lines.length > tailLines || (this.#size > tailSize && this.#lines.length > 1))
      this.#size -= this.#lines.shift()?.length ?? 0;
  }

  take(): readonly string[] {
    const lines = this.#lines;
    this.#lines = [];
    this.#size = 0;
    return lines;
  }
}

/** Makes the sink of each step. */
export function sinks({ level, logBytes, redact, output }: LevelOptions): (step: string) => StepSink {
  const budget = new Budget(logBytes, output);
  return (name) => {
    const step = redact(name).slice(0, 2048);
    const room: StepSink['room'] = (signal, patience) => output.room(signal, patience);
    if (level === 'status') return { line: () => {}, note: () => {}, room, end: () => {} };
    const tail = level === 'tail' ? new Tail() : undefined;
    const give = (text: string): void => (tail ? tail.push(text) : budget.line(step, text));
    return {
      line: (text) => {
        for (const piece of piecesOf(redact(text))) give(piece);
      },
      note: (text) => give(`[airlock] ${text}`),
      room,
      end: () => {
        for (const line of tail?.take() ?? []) budget.line(step, line);
      },
    };
  };
}
