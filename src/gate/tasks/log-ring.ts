// The newest log lines of a task within a fixed number of bytes: 200 tasks with 1 MiB each took 458 MiB, with 256 KiB
// 167 (DESIGN.md, The gate).

import type { LogEvent } from '../../protocol/index.ts';

interface Chunk {
  readonly event: LogEvent;
  readonly bytes: number;
  /** Orders log and state events as the cell sent them. */
  readonly order: number;
}

export interface LogRing {
  /** Lines that are here already, as a resumed cell repeats them, are left out. */
  add(event: LogEvent, order: number): void;
  /** The first lines behind number `seen`. */
  after(seen: number): { readonly event: LogEvent; readonly order: number } | null;
  bytes(): number;
}

/** Forgetting is done by chunks, so they are small; a single long line may be larger. */
const chunkBytes = 16_384;
/** What a line and a chunk cost beside their text. */
const lineOverhead = 32;
const chunkOverhead = 128;

const lastOf = ({ event }: Chunk): number => event.n + event.lines.length - 1;

function* split({ n, step, lines }: LogEvent, order: number): Generator<Chunk> {
  let from = 0;
  let bytes = chunkOverhead + step.length;
  for (const [at, line] of lines.entries()) {
    bytes += Buffer.byteLength(line) + lineOverhead;
    if (at + 1 < lines.length && bytes < chunkBytes) continue;
    yield { event: { k: 'log', n: n + from, step, lines: lines.slice(from, at + 1) }, bytes, order };
    from = at + 1;
    bytes = chunkOverhead + step.length;
  }
}

function without(event: LogEvent, seen: number): LogEvent {
  return event.n > seen ? event : { ...event, n: seen + 1, lines: event.lines.slice(seen + 1 - event.n) };
}

export function createLogRing(maxBytes: number): LogRing {
  const chunks: Chunk[] = [];
  let bytes = 0;
  let lastLine = 0;

  return {
    add(event, order) {
      if (event.n + event.lines.length - 1 <= lastLine) return;
      for (const chunk of split(without(event, lastLine), order)) {
        chunks.push(chunk);
        bytes += chunk.bytes;
      }
      lastLine = event.n + event.lines.length - 1;
      while (bytes > maxBytes && chunks.length > 1) bytes -= chunks.shift()?.bytes ?? 0;
    },
    after(seen) {
      if (seen >= lastLine) return null;
      // The reader is nearly always close to the end.
      const before = chunks.findLastIndex((chunk) => lastOf(chunk) <= seen);
      const chunk = chunks[before + 1];
      return chunk === undefined ? null : { event: without(chunk.event, seen), order: chunk.order };
    },
    bytes: () => bytes,
  };
}
