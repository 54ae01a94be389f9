// What every command of the project does first: install once, build once. `setup()` leaves a machine that had only
// Node and npm with everything under dist/ that the sources say, and does nothing when nothing has changed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { artifacts } from './artifacts.mjs';
import { bundle } from './bundle.mjs';
import { install, root } from './install.mjs';

const stamp = join(root, 'dist', '.built');

/** Everything that a bundle can contain. Tests and recordings are not part of any. */
function inputs() {
  const all = ['src', 'test', 'scripts'].flatMap((folder) => {
    if (!existsSync(join(root, folder))) return [];
    return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));
  });
  const sources = all.filter((file) => /\.(ts|mjs|json)$/.test(file) && !/\.test\.ts$|fixtures/.test(file));
  return [...sources.sort(), 'package.json', 'package-lock.json', 'tsconfig.json'];
}

function key() {
  const hash = createHash('sha256');
  for (const file of inputs())
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

/** @param {string} wanted */
function isBuilt(wanted) {
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) return false;
  return artifacts.every(({ out }) => existsSync(join(root, 'dist', out)));
}

/** @param {number} bytes */
const readable = (bytes) => bytes.toLocaleString('en-US');

/**
 * Installs, then builds whatever the state of dist/ is. Prints one line for each artifact.
 * @param {{ partial?: boolean }} [options]
 * @returns {Promise<boolean>} whether everything was built
 */
export async function buildAll({ partial = false } = {}) {
  await install();
  rmSync(stamp, { force: true });
  const wanted = key();
  const present = artifacts.filter(({ entry }) => !partial || existsSync(join(root, entry)));
  let complete = true;
  for (const outcome of await bundle({ only: present.map(({ name }) => name) })) {
    const { artifact } = outcome;
    if ('errors' in outcome) {
      complete = false;
      for (const error of outcome.errors) console.error(`build: ${error}`);
    } else {
      const limit = artifact.limit === undefined ? '' : ` of at most ${readable(artifact.limit)}`;
      console.log(`build: dist/${artifact.out.padEnd(14)} ${readable(outcome.bytes).padStart(9)} bytes${limit}`);
    }
  }
  for (const artifact of artifacts.filter((one) => !present.includes(one))) {
    console.log(`build: dist/${artifact.out.padEnd(14)} left out, ${artifact.entry} does not exist`);
  }
  if (complete && !partial) {
    mkdirSync(join(root, 'dist'), { recursive: true });
    writeFileSync(stamp, wanted);
  }
  return complete;
}

/** Installs and builds what is not there yet. Throws with one clear line. */
export async function setup() {
  await install();
  if (isBuilt(key())) return;
  console.log('setup: building dist/ (again when a source changes)');
  if (!(await buildAll())) throw new Error('the build failed, see above');
}
