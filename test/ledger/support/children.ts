import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { plainEnv } from '../../support/run.ts';
import type { LedgerRecord } from '../../../src/gate/index.ts';
import type { ChildSettings } from './child.ts';

// Processes with a ledger of their own, started, frozen and killed by tests.

export interface Child {
  readonly pid: number;
  /** @throws an error with the child's `code` and `message`; when the child dies first, one that says so */
  call<T>(method: string, ...args: unknown[]): Promise<T>;
  /** The records that it has told of. */
  readonly done: readonly LedgerRecord[];
  /** Resolves when the process has ended. */
  readonly gone: Promise<NodeJS.Signals | null>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when the kernel says that it is stopped. */
  frozen(): Promise<void>;
}

let folder = '';
let program = '';
const alive = new Set<ChildProcess>();

/** Once for a test file. */
export function useChildren(): void {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'airlock-child-'));
    program = join(folder, 'child.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('child.ts', import.meta.url))],
      outfile: program,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      logLevel: 'error',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
  });
  afterEach(() => {
    for (const child of alive) child.kill('SIGKILL');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
}

type Answer =
  | {
      readonly id: number;
      readonly value: never;
      readonly error?: { readonly code?: string; readonly message: string };
    }
  | { readonly done: LedgerRecord };

interface Pending {
  readonly done: (value: never) => void;
  readonly fail: (error: Error) => void;
}

/** @param around the command that runs node and its arguments: `['unshare', '-m']` */
export function startChild(settings: ChildSettings, around: readonly string[] = []): Child {
  const [command, ...args] = [...around, process.execPath, program, JSON.stringify(settings)];
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: plainEnv() });
  alive.add(child);
  const pending = new Map<number, Pending>();
  let calls = 0;
  const gone = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once('exit', (_code, signal) => {
      alive.delete(child);
      for (const { fail } of pending.values()) fail(new Error('the child is gone'));
      pending.clear();
      resolve(signal);
    });
  });
  const done: LedgerRecord[] = [];
  child.on('message', (answer: Answer) => {
    if ('done' in answer) return void done.push(answer.done);
    const waiting = pending.get(answer.id);
    pending.delete(answer.id);
    if (answer.error === undefined) waiting?.done(answer.value);
    else waiting?.fail(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
  });

  return {
    pid: child.pid ?? 0,
    done,
    gone,
    call: <T>(method: string, ...params: unknown[]) =>
      new Promise<T>((resolve, fail) => {
        const id = ++calls;
        pending.set(id, { done: resolve, fail });
        if (!child.connected) fail(new Error('the child is gone'));
        else
          child.send({ id, method, args: params }, (error) => {
            if (error !== null) fail(new Error('the child is gone', { cause: error }));
          });
      }),
    signal: (signal) => child.kill(signal),
    async frozen() {
      const state = (): string => readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? '';
      const limit = Date.now() + 10_000;
      while (state() !== 'T') {
        if (Date.now() > limit) throw new Error('the child did not freeze');
        await new Promise((later) => setTimeout(later, 5));
      }
    },
  };
}
