// The newest log lines of a task within a fixed number of bytes (DESIGN.md, The gate). They wait as bytes outside the heap:
// kept as strings, what 200 tasks held cost a gate more than half as much memory again (`npm run bench`).

import type { LogEvent } from '../../protocol/index.ts';

interface Chunk {
  readonly n: number;
  readonly step: string;
  readonly count: number;
  /** The lines as JSON. */
  readonly text: Buffer;
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
  /** Bytes of the lines behind number `seen`. */
  behind(seen: number): number;
}

/** Forgetting is done by chunks, so they are small; a single long line may be larger. */
const chunkBytes = 16_384;
/** What a line and a chunk cost beside their text. */
const lineOverhead = 3;
const chunkOverhead = 256;

const lastOf = ({ n, count }: Chunk): number => n + count - 1;

/** Not `Buffer.from`: that cuts small ones out of a block which all tasks share, and the newest of them would hold it. */
function packed(lines: readonly string[]): Buffer {
  const json = JSON.stringify(lines);
  const text = Buffer.allocUnsafeSlow(Buffer.byteLength(json));
  text.write(json);
  return text;
}

function* split({ n, step, lines }: LogEvent, order: number): Generator<Chunk> {
  let from = 0;
  let size = 0;
  for (const [at, line] of lines.entries()) {
    size += Buffer.byteLength(line) + lineOverhead;
    if (at + 1 < lines.length && size < chunkBytes) continue;
    const text = packed(lines.slice(from, at + 1));
    const bytes = text.length + chunkOverhead + step.length;
    yield { n: n + from, step, count: at + 1 - from, text, bytes, order };
    from = at + 1;
    size = 0;
  }
}

const eventOf = ({ n, step, text }: Chunk): LogEvent => ({
  k: 'log',
  n,
  step,
  lines: JSON.parse(text.toString('utf8')) as string[],
});

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
      return chunk === undefined ? null : { event: without(eventOf(chunk), seen), order: chunk.order };
    },
    bytes: () => bytes,
    behind: (seen) => chunks.reduce((sum, chunk) => (lastOf(chunk) > seen ? sum + chunk.bytes : sum), 0),
  };
}
