// One live stream of one step: fast, lossy, and with an end that says nothing. It ends at once before the step starts,
// after it ended and after a restart of the server (recordings 43, 59), and never after a cancel (36, 61).

import type { IncomingMessage } from 'node:http';
import { type LogEntry, isLogEntry } from './answers.ts';
import type { Connection } from './connection.ts';
import { SseReader } from './sse.ts';

export interface LiveOptions {
  /** To the response's headers. */
  readonly call: number;
  readonly onEntry: (entry: LogEntry) => void;
  /** Waits until there is room for more lines; meanwhile Drone may drop some, which the stored log brings back. */
  readonly room: (signal: AbortSignal) => Promise<void>;
  /** The stream is over, for whatever reason but `close`. */
  readonly onOver: () => void;
}

export interface Live {
  close(): void;
}

/** A silent stream is opened anew after this time: a quiet step is normal (recording 47), a dead connection is silent too. */
const idleLimit = 180_000;

function parseEntry(data: string): LogEntry | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return isLogEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function openLive(connection: Connection, path: string, options: LiveOptions): Live {
  const closed = new AbortController();
  let response: IncomingMessage | undefined;
  closed.signal.addEventListener('abort', () => response?.destroy(), { once: true });

  async function read(): Promise<void> {
    response = await connection.open(path, 'text/event-stream', { limit: options.call, signal: closed.signal });
    if (closed.signal.aborted || response.statusCode !== 200) return;
    let eof = false;
    const reader = new SseReader(({ event, data }) => {
      if (closed.signal.aborted) return;
      if (event === 'error') eof = true;
      if (event !== 'message') return;
      // A malformed entry is left to the stored log.
      const entry = parseEntry(data);
      if (entry !== undefined) options.onEntry(entry);
    });
    const decoder = new TextDecoder();
    const idle = setTimeout(() => response?.destroy(), idleLimit);
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        reader.feed(decoder.decode(chunk, { stream: true }));
        if (eof || closed.signal.aborted) return;
        await options.room(closed.signal);
        idle.refresh();
      }
    } finally {
      clearTimeout(idle);
    }
  }

  void read()
    .catch(() => {})
    .finally(() => {
      response?.destroy();
      if (!closed.signal.aborted) options.onOver();
    });
  return { close: () => closed.abort() };
}
