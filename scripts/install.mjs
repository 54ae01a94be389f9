// Installs what package-lock.json names, once for each lock file. The project's commands start on a machine that has
// only Node and npm, so nothing here may import a package. A stamp inside node_modules remembers the lock file's hash:
// whoever removes node_modules removes the stamp with it, and an installation that broke off has none.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const oldestNode = /** @type {const} */ ([20, 19]);
const limit = Number(process.env['AIRLOCK_INSTALL_LIMIT_MS'] ?? 20 * 60_000);

/** @param {string} version as in process.versions.node */
export function nodeIsNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** npm as the caller runs it: a machine may have several. */
function npm() {
  const own = process.env['npm_execpath'] ?? '';
  return own.endsWith('npm-cli.js') ? { command: process.execPath, first: [own] } : { command: 'npm', first: [] };
}

/** @returns {Promise<string | undefined>} what went wrong */
function npmCi() {
  const { command, first } = npm();
  // --include=dev: NODE_ENV=production would leave the tools out. The log level is ours: `npm test --silent` would
  // hide why an installation failed.
  const args = [...first, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], timeout: limit });
    const began = Date.now();
    const alive = setInterval(() => {
      console.log(`setup: still installing, ${Math.round((Date.now() - began) / 1000)} s`);
    }, 5000);
    child.on('error', (error) => {
      clearInterval(alive);
      done(`npm cannot be started: ${error.message}`);
    });
    child.on('close', (code, signal) => {
      clearInterval(alive);
      done(code === 0 ? undefined : `npm ci ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}

/** Installs the dependencies if the lock file has changed since the last time. Throws with one clear line. */
export async function install() {
  if (!nodeIsNewEnough(process.versions.node)) {
    throw new Error(`Node ${process.versions.node} is too old: this project needs ${oldestNode.join('.')} or newer`);
  }
  const lock = readFileSync(join(root, 'package-lock.json'));
  const key = `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}`;
  const stamp = join(root, 'node_modules', '.airlock-installed');
  if (read(stamp) === key) return;

  const packages = lock.toString('utf8').split('\n    "node_modules/').length - 1;
  console.log(`setup: installing up to ${packages} packages with npm ci (once, and again when the lock file changes)`);
  const began = Date.now();
  const problem = await npmCi();
  if (problem !== undefined) throw new Error(problem);
  writeFileSync(stamp, key);
  console.log(`setup: installed in ${Math.round((Date.now() - began) / 1000)} s`);
}
