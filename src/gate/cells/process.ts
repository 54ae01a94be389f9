// Cells as child processes of the gate: for `airlock try` and the tests only. They speak exactly as sealed ones do and
// keep none of a container's promises, which is said in the log.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { Failure } from '../../protocol/index.ts';
import type { Logger } from '../log.ts';
import type { Cell, CellEnd, CellEngine } from './engine.ts';
import { splitLines } from './split-lines.ts';

export interface ProcessCellsOptions {
  /** The managed script as one text for `node -e`. */
  readonly script: string;
  readonly log: Logger;
}

const promises = [
  'the managed script runs in a container made from one known image',
  'the container shares no volume with the runner and sees no file of the machine',
  'the container reaches nothing but Drone',
  'memory, processor time and processes are limited',
];

/** All that a cell's environment ever holds. Nothing of the gate's own is inherited. */
const environment = { HOME: '/nonexistent', LANG: 'C.UTF-8', TZ: 'UTC' };

/** Bytes of a cell's stderr that are logged. */
const maxDiagnostics = 16_384;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** All of this process, so that none outlives it unless it is killed itself. */
const alive = new Set<Child>();
const killAll = (): void => {
  for (const child of alive) child.kill('SIGKILL');
};

function started(child: Child): Promise<void> {
  return new Promise((done, fail) => {
    child.once('spawn', done);
    child.once('error', (cause) => fail(new Failure('cell-start-failed', 'the cell could not be started', { cause })));
  });
}

function endOf(child: Child): Promise<CellEnd> {
  return new Promise((done) => {
    child.once('close', (exitCode, signal) => {
      done({ exitCode, reason: signal === null ? `it ended with exit code ${exitCode}` : `it was ended by ${signal}` });
    });
  });
}

function logDiagnostics(child: Child, id: string, log: Logger): void {
  let left = maxDiagnostics;
  child.stderr.on('data', (chunk: Buffer) => {
    if (left > 0) log.warn({ cell: id, stderr: chunk.subarray(0, left).toString('utf8') }, 'a cell wrote to stderr');
    left -= chunk.length;
  });
}

function cellOf(child: Child, id: string, ended: Promise<CellEnd>): Cell {
  // EPIPE of a cell that has ended shows as `ended`; unhandled it would end the gate.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
  return {
    id,
    send(line) {
      if (child.stdin.writable) child.stdin.write(`${JSON.stringify(line)}\n`);
    },
    lines: splitLines(child.stdout as AsyncIterable<Buffer>),
    ended,
    async remove() {
      // By the child's own handle, so that a process id that was used again is never hit.
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
      child.stdin.destroy();
      await ended;
    },
  };
}

export function processCells({ script, log }: ProcessCellsOptions): CellEngine {
  const running = new Map<string, Child>();
  if (!process.listeners('exit').includes(killAll)) process.on('exit', killAll);
  log.warn({ promises }, 'cells are child processes: they do not show these promises');

  return {
    name: 'process',
    promises,
    survives: false,
    ready: () => null,
    async start(id) {
      const child = spawn(process.execPath, ['-e', script], {
        cwd: '/',
        env: environment,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const ended = endOf(child);
      await started(child);
      running.set(id, child);
      alive.add(child);
      void ended.then(() => {
        running.delete(id);
        alive.delete(child);
      });
      logDiagnostics(child, id, log);
      return cellOf(child, id, ended);
    },
    list: () => Promise.resolve([...running.keys()].map((id) => ({ id, running: true }))),
    adopt: (id) => Promise.reject(new Failure('cell-lost', `the process cell ${id} cannot be adopted`)),
  };
}
