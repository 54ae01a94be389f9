// A command of the project in one line: set up, then run a built program with the arguments passed on. The program
// has the terminal; its exit code, or the signal that ended it, becomes ours.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { root } from './install.mjs';
import { setup } from './setup.mjs';

/**
 * @param {string} program  file under dist/
 * @returns {Promise<void>} sets process.exitCode
 */
export async function command(program) {
  try {
    await setup();
  } catch (error) {
    console.error(`setup: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
    return;
  }
  const child = spawn(process.execPath, [join(root, 'dist', program), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal interrupts the whole group, so the program has that signal already; SIGTERM comes to us alone.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.exitCode = await new Promise((done) => {
    child.on('error', (error) => {
      console.error(error.message);
      done(1);
    });
    child.on('close', (code, signal) => {
      done(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
