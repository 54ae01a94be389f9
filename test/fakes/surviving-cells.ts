// Cells of a holder process as the gate sees them: they outlive the gate, as containers do (cell-holder.ts).

import { type Socket, connect } from 'node:net';
import type { Cell, CellEnd, CellEngine, SeenCell } from '../../src/gate/index.ts';
import { splitLines } from '../../src/gate/cells/split-lines.ts';
import { Failure } from '../../src/protocol/index.ts';
import type { HolderCall } from './cell-holder.ts';

interface Answered {
  readonly socket: Socket;
  readonly value: unknown;
  /** What came behind the answer. */
  readonly rest: Buffer;
}

function ask(path: string, call: HolderCall): Promise<Answered> {
  return new Promise((done, fail) => {
    const socket = connect(path, () => socket.write(JSON.stringify(call)));
    let bytes = Buffer.alloc(0);
    const away = (cause?: Error): void =>
      fail(new Failure('no-cell-engine', 'the holder of the cells does not answer', { cause }));
    socket.once('error', away).once('close', () => away());
    const read = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf(10);
      if (end === -1) return;
      socket.off('data', read).pause();
      socket.on('error', () => undefined);
      const { value, error } = JSON.parse(bytes.toString('utf8', 0, end)) as { value?: unknown; error?: string };
      if (error === undefined) done({ socket, value, rest: bytes.subarray(end + 1) });
      else fail(new Failure('cell-lost', error));
    };
    socket.on('data', read);
  });
}

async function told<T>(path: string, call: HolderCall): Promise<T> {
  const { socket, value } = await ask(path, call);
  socket.destroy();
  return value as T;
}

export const listCells = (path: string): Promise<readonly SeenCell[]> => told(path, { do: 'list' });
export const killCell = (path: string, id: string): Promise<void> => told(path, { do: 'kill', id });

async function* output({ socket, rest }: Answered): AsyncGenerator<Buffer> {
  if (rest.length > 0) yield rest;
  for await (const chunk of socket) yield chunk as Buffer;
}

async function endOf(path: string, id: string): Promise<CellEnd> {
  try {
    const { running, exitCode } = await told<{ running: boolean; exitCode: number | null }>(path, {
      do: 'inspect',
      id,
    });
    if (running) return { exitCode: null, reason: 'its connection ended, but it is still running' };
    return { exitCode, reason: `it ended with exit code ${exitCode}` };
  } catch {
    return { exitCode: null, reason: 'nobody knows how it ended' };
  }
}

async function attach(path: string, id: string): Promise<Cell> {
  const answered = await ask(path, { do: 'attach', id });
  const { socket } = answered;
  return {
    id,
    send: (line) => void socket.write(`${JSON.stringify(line)}\n`),
    lines: splitLines(output(answered)),
    ended: new Promise((done) => socket.once('close', () => void endOf(path, id).then(done))),
    async remove() {
      await told(path, { do: 'remove', id }).catch((error: unknown) => {
        if (!(error instanceof Failure && error.code === 'cell-lost')) throw error;
      });
      socket.destroy();
    },
  };
}

/** @param path of the holder's socket */
export function survivingCells(path: string): CellEngine {
  return {
    name: 'surviving',
    promises: ['nothing is sealed'],
    survives: true,
    ready: () => null,
    async start(id) {
      await told(path, { do: 'start', id });
      return attach(path, id);
    },
    list: () => listCells(path),
    adopt: (id) => attach(path, id),
  };
}
