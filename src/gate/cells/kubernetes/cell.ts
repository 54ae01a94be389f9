// A cell through its attached connection: lines in, lines and diagnostics out, and its end.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Attached } from '../../kubernetes/index.ts';
import type { Logger } from '../../log.ts';
import type { Cell, CellEnd } from '../engine.ts';
import { splitLines } from '../split-lines.ts';
import type { PodApi } from './api.ts';
import { endOf, goneAfter, removed, stillRunning, unknownEnd } from './ending.ts';
import type { PodView } from './pod-view.ts';
import { removePod } from './removal.ts';
import type { KubernetesTiming } from './timing.ts';

export interface CellParts {
  readonly id: string;
  readonly api: PodApi;
  readonly timing: KubernetesTiming;
  readonly log: Logger;
}

/** Bytes of a cell's stderr that are logged. */
const maxDiagnostics = 16_384;
/** Bytes that a cell has not read yet; an order with a chain of certificates is far below. */
const maxUnread = 1_048_576;

async function* stdoutOf({ pieces }: Attached, { id, log }: CellParts): AsyncGenerator<Buffer, void, void> {
  let left = maxDiagnostics;
  for await (const { stream, bytes } of pieces) {
    if (stream === 'stdout') {
      yield bytes;
      continue;
    }
    if (left > 0) log.warn({ cell: id, stderr: bytes.subarray(0, left).toString('utf8') }, 'a cell wrote to stderr');
    left -= bytes.length;
  }
}

/** Asks how a cell ended whose connection has ended. Never rejects. */
async function askForEnd({ api, id, timing }: CellParts): Promise<CellEnd> {
  const began = performance.now();
  let pause = 50;
  let before: PodView | null = null;
  for (;;) {
    const passed = performance.now() - began;
    try {
      const pod = await api.pod(id, Math.max(1, timing.back - passed));
      if (pod === null) return goneAfter(before);
      before = pod;
      const end = endOf(pod);
      if (end !== null) return end;
      if (passed >= timing.settle) return stillRunning;
    } catch {
      if (passed >= timing.back) return unknownEnd;
    }
    await sleep(pause, undefined, { ref: false });
    pause = Math.min(pause * 2, 250);
  }
}

/** Removing once for all who ask, and anew after a failure. */
function remover({ api, id, timing }: CellParts): () => Promise<void> {
  let removing: Promise<void> | null = null;
  return () => {
    removing ??= removePod(api, id, timing).catch((error: unknown) => {
      removing = null;
      throw error;
    });
    return removing;
  };
}

export function attachedCell(attached: Attached, parts: CellParts): Cell {
  const { id, log } = parts;
  const remove = remover(parts);
  let removing = false;
  return {
    id,
    send(line) {
      attached.write(`${JSON.stringify(line)}\n`);
      if (attached.unsent() <= maxUnread) return;
      log.error({ cell: id }, 'a cell does not read what it is told');
      attached.close();
    },
    lines: splitLines(stdoutOf(attached, parts)),
    ended: attached.closed.then(() => (removing ? removed : askForEnd(parts))),
    async remove() {
      removing = true;
      try {
        await remove();
      } catch (error) {
        removing = false;
        throw error;
      }
      attached.close();
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
