// Runs while the image is built, with the node of the base's own runner: makes a new root that holds the runner, the hook
// and the libraries that they load, and nothing else.
// node strip.mjs BASE-ROOT HOOK-FOLDER NEW-ROOT
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { copy, keepSystem, settle, sourceDate, stop } from '../system.mjs';
import { fate, folders, leftBehind, nodes, otherNodes, programs } from './layout.mjs';

const [base = '', hook = '', to = ''] = process.argv.slice(2);
const [from, home] = [join(base, 'home/runner'), join(to, 'home/runner')];

/** @param {string} path @returns {Buffer} its first bytes */
function head(path) {
  const bytes = Buffer.alloc(4);
  const file = openSync(path, 'r');
  const length = readSync(file, bytes);
  closeSync(file);
  return bytes.subarray(0, length);
}

/** @param {string} message */
const differs = (message) => stop(`the base's layout is not that of actions-runner: ${message}`);

/** @param {string} path @param {boolean} program */
function demand(path, program = false) {
  const file = join(from, path);
  if (!existsSync(file)) return differs(`/home/runner/${path} is missing`);
  const kind = lstatSync(file);
  if (program && !(kind.isFile() && (kind.mode & 0o111) !== 0)) differs(`/home/runner/${path} is no executable file`);
}

for (const path of ['run.sh', 'bin', 'externals']) demand(path);
for (const path of programs) demand(`bin/${path}`, true);
for (const name of nodes) demand(`externals/${name}/bin/node`, true);
for (const name of readdirSync(from))
  if (!folders.includes(name) && !leftBehind.test(name))
    differs(`/home/runner/${name} is new; decide in images/runner/layout.mjs whether a runner needs it`);
for (const name of readdirSync(join(from, 'externals')))
  if (!nodes.includes(name) && !otherNodes.test(name))
    differs(`externals/${name} is new; decide in images/runner/layout.mjs whether a runner needs it`);

/** @type {string[]} */
const unknown = [];

/** @param {string} folder below bin, with a slash at its end, or nothing */
function keepBin(folder = '') {
  for (const entry of readdirSync(join(from, 'bin', folder)).sort()) {
    const name = `${folder}${entry}`;
    const file = join(from, 'bin', name);
    const kind = lstatSync(file);
    if (kind.isDirectory()) {
      keepBin(`${name}/`);
      continue;
    }
    if (!kind.isFile()) differs(`bin/${name} is neither a file nor a folder`);
    const what = fate({ name, executable: (kind.mode & 0o111) !== 0, head: head(file) });
    if (what === 'unknown') unknown.push(name);
    if (what === 'data' || what === 'program') copy(file, join(home, 'bin', name), what === 'program' ? 0o555 : 0o444);
  }
}

keepSystem(base, to, 'runner:x:1001:1001:runner:/home/runner:/nonexistent');
keepBin();
if (unknown.length > 0)
  stop(
    `this release of the runner has in bin what the strip list does not know: ${unknown.join(', ')}; ` +
      'decide in images/runner/layout.mjs whether it is kept or stripped',
  );
for (const name of nodes)
  copy(join(from, 'externals', name, 'bin/node'), join(home, 'externals', name, 'bin/node'), 0o555);

for (const name of ['index.js', 'package.json']) copy(join(hook, name), join(home, 'hook', name));

// The runner looks for `sh` on its PATH before each `run:` step and never starts it: the hook is asked to.
mkdirSync(join(home, 'path'), { recursive: true });
writeFileSync(join(home, 'path/sh'), '');

// Where the fleet mounts memory, and where the gate's socket is.
for (const name of ['_work', '_diag', '_state']) mkdirSync(join(home, name), { recursive: true });
mkdirSync(join(to, 'run/airlock'), { recursive: true });
// The runner writes these beside bin, from its just-in-time configuration.
for (const name of ['.runner', '.credentials', '.credentials_rsaparams'])
  symlinkSync(`_state/${name}`, join(home, name));

settle(to, sourceDate());
console.log('the new root is made');
