// A cell through its attached connection: lines in, lines and diagnostics out, and its end.

import { Failure } from '../../../protocol/index.ts';
import type { Logger } from '../../log.ts';
import type { Cell, CellEnd } from '../engine.ts';
import { splitLines } from '../split-lines.ts';
import type { EngineApi } from './api.ts';
import type { Attached } from './attach.ts';
import { askForEnd, removed } from './ending.ts';
import { createDemux } from './frames.ts';
import { removeCell } from './removal.ts';
import type { DockerTiming } from './timing.ts';

export interface CellParts {
  readonly id: string;
  readonly api: EngineApi;
  readonly timing: DockerTiming;
  readonly log: Logger;
}

/** Bytes of a cell's stderr that are logged. */
const maxDiagnostics = 16_384;
/** Bytes that a cell has not read yet; an order with a chain of certificates is far below. */
const maxUnread = 1_048_576;

function diagnostics(id: string, log: Logger): (bytes: Buffer) => void {
  let left = maxDiagnostics;
  return (bytes) => {
    if (left > 0) log.warn({ cell: id, stderr: bytes.subarray(0, left).toString('utf8') }, 'a cell wrote to stderr');
    left -= bytes.length;
  };
}

async function* received({ head, socket }: Attached): AsyncGenerator<Buffer, void, void> {
  if (head.length > 0) yield head;
  try {
    for await (const chunk of socket) yield chunk as Buffer;
  } catch {
    // A connection that breaks ends the output as one that is closed does; `ended` tells more.
  }
}

async function* stdoutOf(attached: Attached, { id, log }: CellParts): AsyncGenerator<Buffer, void, void> {
  const demux = createDemux();
  const stderr = diagnostics(id, log);
  for await (const chunk of received(attached)) {
    let pieces: ReturnType<typeof demux>;
    try {
      pieces = demux(chunk);
    } catch (cause) {
      throw new Failure('cell-lost', "the Docker engine's stream of the cell cannot be read", { cause });
    }
    for (const { stream, bytes } of pieces)
      if (stream === 'stdout') yield bytes;
      else stderr(bytes);
  }
}

/** Removing once for all who ask, and anew after a failure. */
function remover({ api, id, timing }: CellParts): () => Promise<void> {
  let removing: Promise<void> | null = null;
  return () => {
    removing ??= removeCell(api, id, timing).catch((error: unknown) => {
      removing = null;
      throw error;
    });
    return removing;
  };
}

export function attachedCell(attached: Attached, parts: CellParts): Cell {
  const { id, api, timing, log } = parts;
  const { socket } = attached;
  const remove = remover(parts);
  let removing = false;
  const ended = new Promise<CellEnd>((done) => {
    socket.once('close', () => {
      if (removing) done(removed);
      else void askForEnd(api, id, timing).then(done);
    });
  });
  return {
    id,
    send(line) {
      if (!socket.writable) return;
      socket.write(`${JSON.stringify(line)}\n`);
      if (socket.writableLength <= maxUnread) return;
      log.error({ cell: id }, 'a cell does not read what it is told');
      socket.destroy();
    },
    lines: splitLines(stdoutOf(attached, parts)),
    ended,
    async remove() {
      removing = true;
      try {
        await remove();
      } catch (error) {
        removing = false;
        throw error;
      }
      socket.destroy();
    },
  };
}

/** A cell that is there and does not run any more: it can only be removed. */
export function endedCell(end: CellEnd, parts: CellParts): Cell {
  return {
    id: parts.id,
    send: () => undefined,
    lines: (async function* nothing(): AsyncGenerator<string, void, void> {})(),
    ended: Promise.resolve(end),
    remove: remover(parts),
  };
}
