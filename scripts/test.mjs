// `npm test [-- ARGUMENTS FOR VITEST]`: everything that has to hold before a change is accepted, in the order in which
// it fails fastest. The first stage that fails ends the run. The last line of the output is always
// `N passed, N failed`: vitest's own count (test/reporter.ts), or `0 passed, 1 failed` when vitest was not reached.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { install, root } from './install.mjs';
import { setup } from './setup.mjs';

const limit = Number(process.env['AIRLOCK_STAGE_LIMIT_MS'] ?? 45 * 60_000);
const colours = process.stdout.isTTY ? [] : ['--colors=off'];

/**
 * @param {string} tool  name under node_modules/.bin
 * @param {readonly string[]} args
 * @param {Record<string, string>} [env]
 * @returns {Promise<void>} rejects with the reason if the tool does not end with 0
 */
function run(tool, args, env = {}) {
  return new Promise((done, fail) => {
    const child = spawn(join(root, 'node_modules', '.bin', tool), args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
      timeout: limit,
    });
    child.on('error', fail);
    child.on('close', (code, signal) => {
      if (code === 0) done();
      else fail(new Error(`${tool} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

const scratch = mkdtempSync(join(tmpdir(), 'airlock-test-'));
const closing = join(scratch, 'closing');

/** @type {readonly { name: string, what: string, go: () => Promise<void> }[]} */
const stages = [
  { name: 'setup', what: 'npm ci, once', go: install },
  { name: 'build', what: 'dist/, once', go: setup },
  { name: 'types', what: 'tsc --noEmit', go: () => run('tsc', ['--noEmit']) },
  { name: 'format', what: 'biome ci', go: () => run('biome', ['ci', ...colours]) },
  { name: 'lint', what: 'oxlint --type-aware', go: () => run('oxlint', ['--type-aware', '--deny-warnings']) },
  { name: 'dead code', what: 'knip', go: () => run('knip', []) },
  {
    name: 'tests',
    what: 'vitest',
    go: () => run('vitest', ['run', ...process.argv.slice(2)], { AIRLOCK_CLOSING_FILE: closing }),
  },
];

/** @returns {Promise<boolean>} */
async function all() {
  for (const [index, { name, what, go }] of stages.entries()) {
    const title = `[${index + 1}/${stages.length}] ${name}`;
    console.log(`${title} (${what})`);
    const began = Date.now();
    try {
      await go();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // A run of vitest that came to its closing line has said what failed.
      if (!existsSync(closing)) console.error(`${title} FAILED: ${reason}`);
      return false;
    }
    if (name !== 'tests') console.log(`${title} ok, ${((Date.now() - began) / 1000).toFixed(1)} s`);
  }
  return true;
}

const passed = await all();
if (!existsSync(closing)) console.log('0 passed, 1 failed');
if (!passed || !existsSync(closing)) process.exitCode = 1;
rmSync(scratch, { recursive: true, force: true });
