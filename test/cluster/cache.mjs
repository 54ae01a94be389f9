// What takes long to make is made once for each machine, outside the work tree, in a folder named after everything that
// goes into it. Whoever finds the file finds it whole; two who want it at the same time make it once.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * @typedef {object} Recipe
 * @property {string} name    of the file
 * @property {readonly (string | Buffer)[]} inputs  whatever the file depends on beside the script
 * @property {string} script  for `sh -eu`; makes the file "$1"
 * @property {readonly string[]} [args]  "$2" and so on: where things are, which the file does not depend on
 * @property {Readonly<Record<string, string>>} [env]
 * @property {number} [limit]  milliseconds, with the wait for somebody else who makes it
 */

/** $AIRLOCK_CACHE, else airlock/ in the user's cache folder. */
export function cacheFolder() {
  const { AIRLOCK_CACHE: own = '', XDG_CACHE_HOME: xdg = '' } = process.env;
  if (own !== '') return resolve(own);
  return join(xdg === '' ? join(homedir(), '.cache') : xdg, 'airlock');
}

/** Where a recipe's file is, or will be. @param {Recipe} recipe */
export function cachedPath({ name, inputs, script }) {
  const hash = createHash('sha256');
  for (const part of [script, ...inputs]) hash.update(createHash('sha256').update(part).digest());
  return join(cacheFolder(), `${name}-${hash.digest('hex').slice(0, 24)}`, name);
}

// The lock belongs to a process, not to a file: whoever is killed in the middle leaves none behind.
const locked = [
  'path=$1; shift; test ! -e "$path" || exit 0; rm -rf "$path.part"',
  'sh -eu -c "$0" make "$path.part" "$@"; mv "$path.part" "$path"',
].join('\n');

/**
 * The path of the file; made at the first call on a machine.
 * @param {Recipe} recipe
 * @param {(line: string) => void} [say]  hears, every half minute, that it still goes on
 * @returns {Promise<string>}
 */
export async function cached(recipe, say = () => undefined) {
  const path = cachedPath(recipe);
  if (existsSync(path)) return path;
  const { name, script, args = [], env = {}, limit = 10 * 60_000 } = recipe;
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1_000);
  const command = ['flock', '--exclusive', `${path}.lock`, 'sh', '-eu', '-c', locked, script, path, ...args];
  const child = spawn('nice', ['-n', '10', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    // A group of its own: a compiler that outlives the limit ends with it.
    detached: true,
  });
  let told = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      told = `${told}${text}`.slice(-4_096);
    });
  const stop = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  const timer = setTimeout(stop, limit);
  const alive = setInterval(() => say(`${name}: still being made, ${seconds()} s`), 30_000);
  process.once('exit', stop);
  try {
    const ended = await new Promise((done, fail) => child.on('error', fail).on('close', (code) => done(code)));
    if (ended === null) throw new Error(`${name} was not made within ${limit / 1_000} s`);
    if (ended !== 0) throw new Error(`${name} could not be made:\n${told}`);
    say(`${name}: made in ${seconds()} s`);
    return path;
  } finally {
    clearTimeout(timer);
    clearInterval(alive);
    process.off('exit', stop);
  }
}
