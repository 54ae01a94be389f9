import { spawn } from 'node:child_process';

// A program's whole life as one value, for tests that look at what a command prints and how it ends.

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  /** The whole environment: nothing of the test runner's own leaks into the program. Default: PATH and HOME. */
  env?: Record<string, string>;
  /** Written to stdin, which is then closed. Default: nothing. */
  input?: string;
  /** Milliseconds after which the program is killed. Default: 25,000. */
  limit?: number;
}

/** What every program may need of this machine, and nothing of the test runner's. */
export function plainEnv(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME };
}

/** Runs a program to its end; never rejects because of how the program ended. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? plainEnv(),
      timeout: options.limit ?? 25_000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    // A program may end without having read what it was given.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', fail);
    child.on('close', (code, signal) => {
      done({ code, signal, stdout, stderr });
    });
  });
}
