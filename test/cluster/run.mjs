// A program from start to end as one value, never longer than its limit.
import { spawn } from 'node:child_process';
import { delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { searchPath } from './programs.mjs';

/** How long one step of a cluster's life may take, in milliseconds. */
export const stepLimit = Number(process.env['AIRLOCK_CLUSTER_LIMIT_MS'] ?? 120_000);

/**
 * @typedef {object} Outcome
 * @property {number | null} code  null: ended by a signal, perhaps ours at the limit
 * @property {string} stdout
 * @property {string} stderr
 *
 * @typedef {object} RunOptions
 * @property {string} [input]  written to stdin, which is then closed
 * @property {Readonly<Record<string, string>>} [env]  beside our own
 * @property {number} [limit]  milliseconds
 */

/**
 * Rejects only if the program cannot be started.
 * @param {readonly string[]} argv
 * @param {RunOptions} [options]
 * @returns {Promise<Outcome>}
 */
export function run([program = '', ...args], { input = '', env = {}, limit = stepLimit } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, {
      env: { ...process.env, PATH: searchPath.join(delimiter), ...env },
      timeout: limit,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', fail).on('close', (code) => done({ code, stdout, stderr }));
  });
}

/**
 * What the program wrote; rejects if it does not end with 0.
 * @param {readonly string[]} argv
 * @param {RunOptions} [options]
 */
export async function must(argv, options) {
  const { code, stdout, stderr } = await run(argv, options);
  if (code === 0) return stdout;
  throw new Error(
    `${argv.slice(0, 12).join(' ')} ended with ${code ?? 'a signal'}: ${(stderr || stdout).slice(-2_000)}`,
  );
}

/**
 * Asks until the answer is neither undefined nor false; what is thrown counts as not yet.
 * @template T
 * @param {string} what  for the error
 * @param {() => Promise<T | undefined | false> | T | undefined | false} ask
 * @param {{ limit?: number, every?: number }} [options]  milliseconds
 * @returns {Promise<T>}
 */
export async function until(what, ask, { limit = stepLimit, every = 50 } = {}) {
  const end = Date.now() + limit;
  for (;;) {
    let reason = '';
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      reason = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (Date.now() > end) throw new Error(`not within ${limit / 1_000} s: ${what}${reason}`);
    await sleep(every);
  }
}
