// Starts the hook as the runner does: a fresh process, one JSON document on stdin, and on a cancel SIGINT, SIGTERM and
// SIGKILL one after the other (contract, Cancel and time-outs).

import { spawn } from 'node:child_process';
import { createLineSplitter } from './lines.ts';
import type { Limits } from './types.ts';

export interface HookProcess {
  readonly node: string;
  readonly hook: string;
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
  readonly limits: Limits;
}

export interface HookExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** @throws {Error} when the process cannot be started */
export function runHookProcess({
  node,
  hook,
  input,
  env,
  cwd,
  onLine,
  signal,
  limits,
}: HookProcess): Promise<HookExit> {
  return new Promise((resolve, reject) => {
    // In a group of its own: a Ctrl-C in the terminal is for whoever plays the runner, who then sends the signals.
    const child = spawn(node, [hook], { cwd, env: { ...env }, stdio: 'pipe', detached: true });
    const timers: NodeJS.Timeout[] = [];
    const later = (delay: number, action: () => void) => timers.push(setTimeout(action, delay));
    const kill = () => child.kill('SIGKILL');

    const cancel = () => {
      child.kill('SIGINT');
      later(limits.interrupt, () => {
        child.kill('SIGTERM');
        later(limits.terminate, kill);
      });
    };

    const splitters = [child.stdout, child.stderr].map((stream) => {
      const splitter = createLineSplitter(onLine);
      stream.on('data', (bytes: Buffer) => splitter.push(bytes));
      return splitter;
    });

    const done = (settle: () => void) => {
      signal.removeEventListener('abort', cancel);
      process.off('exit', kill);
      for (const timer of timers) clearTimeout(timer);
      settle();
    };

    child.once('error', (error) => done(() => reject(error)));
    // A process that the hook left behind may hold its output open for ever.
    child.once('exit', () => {
      later(limits.drain, () => {
        child.stdout.destroy();
        child.stderr.destroy();
      });
    });
    child.once('close', (exitCode, ended) => {
      for (const splitter of splitters) splitter.end();
      done(() => resolve({ exitCode, signal: ended }));
    });
    // A hook that ends without reading its input is no failure of ours.
    child.stdin.on('error', () => {});
    child.stdin.end(`${input}\n`);

    process.once('exit', kill);
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
  });
}
