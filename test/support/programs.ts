// Programs of the tests, made from their sources to run in processes of their own: what may be killed, stopped and
// started anew must not be part of who does that.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { plainEnv } from './run.ts';

/** Of the project, from here and from a bundle in dist/dev alike. */
const root = fileURLToPath(new URL('../../', import.meta.url));

const made = new Map<string, Promise<string>>();

/** Made once by a process, each in a folder of its own. */
export function madeOnce(name: string, make: (folder: string) => Promise<string>): Promise<string> {
  const before = made.get(name) ?? make(mkdtempSync(join(tmpdir(), 'airlock-program-')));
  made.set(name, before);
  return before;
}

/** @param entry from the project's root. @returns a file for `node` */
export const programOf = (entry: string): Promise<string> =>
  madeOnce(entry, async (folder) => {
    const outfile = join(folder, 'program.mjs');
    await build({
      absWorkingDir: root,
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      logLevel: 'error',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
    return outfile;
  });

const started = new Map<ChildProcess, NodeJS.Signals>();
process.on('exit', () => {
  for (const [child, signal] of started) child.kill(signal);
});

/** Nothing is left behind by a run that is stopped. @param signal what the child ends by */
export function withUs<C extends ChildProcess>(child: C, signal: NodeJS.Signals): C {
  started.set(child, signal);
  child.once('exit', () => started.delete(child));
  return child;
}

export const gone = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((done) => child.once('exit', () => done()));

export interface Holder {
  /** Path of its socket. */
  readonly socket: string;
  end(): Promise<void>;
}

/** A holder of cells that outlive their gate (fakes/cell-holder.ts). @param script file of the managed script */
export async function startHolder(folder: string, script: string): Promise<Holder> {
  const socket = join(folder, 'holder.sock');
  const file = await programOf('test/fakes/cell-holder.ts');
  const settings = JSON.stringify({ socket, script: readFileSync(script, 'utf8') });
  const child = withUs(
    spawn(process.execPath, [file, settings], { stdio: ['ignore', 'pipe', 'inherit'], env: plainEnv() }),
    'SIGTERM',
  );
  await new Promise((done) => child.stdout.once('data', done));
  return {
    socket,
    async end() {
      child.kill('SIGTERM');
      await gone(child);
    },
  };
}
