// Cells as they are: the managed script as one text for `node -e`, with an order on stdin and events on stdout.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterEach } from 'vitest';
import { bundle } from '../../scripts/bundle.mjs';
import {
  type CellEvent,
  type Order,
  type ProbeEvent,
  type ResultEvent,
  parseCellEvent,
  parseProbeEvent,
} from '../../src/protocol/index.ts';
import { commit, nonce, quick } from '../support/drone-run.ts';

/** Builds the script. Its limits (bytes, `$$`, `$(`) are the build's own rules. */
export async function buildScript(): Promise<string> {
  const outdir = mkdtempSync(join(tmpdir(), 'airlock-cell-'));
  try {
    const [outcome] = await bundle({ outdir, only: ['cell'] });
    if (outcome === undefined || 'errors' in outcome)
      throw new Error(outcome?.errors?.join('\n') ?? 'no cell was built');
    return readFileSync(join(outdir, 'cell.js'), 'utf8');
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

export interface Cell {
  readonly pid: number;
  /** Writes a line, whatever it is. */
  send(line: unknown): void;
  /** Writes bytes as they are. */
  write(text: string): void;
  endInput(): void;
  /** Every event so far, each read by the protocol's own parser. */
  readonly events: CellEvent[];
  /** What probes found, which is between such a cell and the gate alone. */
  readonly probes: ProbeEvent[];
  /** All of stdout and of stderr. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Begins to read stdout, where it was not read from the start. */
  read(): void;
  until(check: (events: readonly CellEvent[]) => boolean): Promise<void>;
  result(): Promise<ResultEvent>;
  readonly exit: Promise<number | null>;
}

const alive = new Set<ChildProcessByStdio<Writable, Readable, Readable>>();
afterEach(() => {
  for (const child of alive) child.kill('SIGKILL');
  alive.clear();
});

/** `node`: arguments of node itself. */
export function startCell(
  script: string,
  { reads = true, node = [] }: { readonly reads?: boolean; readonly node?: readonly string[] } = {},
): Cell {
  const child = spawn(process.execPath, [...node, '-e', script], { stdio: ['pipe', 'pipe', 'pipe'], env: {} });
  alive.add(child);
  child.stdin.on('error', () => {});
  const events: CellEvent[] = [];
  const probes: ProbeEvent[] = [];
  function take(line: string): void {
    const value: unknown = JSON.parse(line);
    const probed = line.startsWith('{"k":"probe"') ? parseProbeEvent(value) : null;
    if (probed?.k === 'probe') probes.push(probed);
    else events.push(parseCellEvent(value));
  }
  const looks = new Set<() => void>();
  let stdout = '';
  let stderr = '';
  let rest = '';
  const read = (): void => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
      for (const look of looks) look();
    });
  };
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const exit = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      alive.delete(child);
      resolve(code);
    });
  });
  if (reads) read();
  const until = (check: (events: readonly CellEvent[]) => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!check(events)) return;
        looks.delete(look);
        resolve();
      };
      looks.add(look);
      void exit.then(() => {
        look();
        if (looks.delete(look)) reject(new Error(`the cell ended: ${stderr}\n${stdout.slice(-2000)}`));
      });
      look();
    });
  return {
    pid: child.pid ?? 0,
    send: (line) => void child.stdin.write(`${JSON.stringify(line)}\n`),
    write: (text) => void child.stdin.write(text),
    endInput: () => void child.stdin.end(),
    events,
    probes,
    stdout: () => stdout,
    stderr: () => stderr,
    read,
    until,
    result: async () => {
      await until((all) => all.some((event) => event.k === 'result'));
      return events.find((event): event is ResultEvent => event.k === 'result') as ResultEvent;
    },
    exit,
  };
}

export type OrderOptions = Partial<Omit<Order, 'drone' | 'limits'>> & {
  readonly drone?: Partial<Order['drone']>;
  readonly limits?: Partial<Order['limits']>;
};

/** An order for the simulated Drone. */
export function orderFor(server: string, { drone, limits, ...more }: OrderOptions = {}): Order {
  return {
    v: 1,
    id: 'a'.repeat(32),
    kind: 'build',
    drone: { server, token: 'bot-token', ...drone },
    repository: 'octo/hello',
    ref: 'refs/heads/main',
    commit,
    nonce,
    params: { ENVIRONMENT: 'staging' },
    log: 'full',
    redact: [],
    limits: { ...quick, reconnect: 60_000, ...limits },
    ...more,
  };
}

/** Every line of one step, or of all. */
export const linesOf = (events: readonly CellEvent[], step?: string): readonly string[] =>
  events.flatMap((event) => (event.k === 'log' && (step === undefined || event.step === step) ? event.lines : []));

/** The numbers of state and result events are 1, 2, 3, …; those of log lines begin where the last ended. */
export function isWhole(events: readonly CellEvent[]): boolean {
  let state = 0;
  let line = 1;
  return events.every((event) => {
    if (event.k !== 'log') return event.n === ++state;
    if (event.n !== line) return false;
    line += event.lines.length;
    return true;
  });
}
