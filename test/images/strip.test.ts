// A base whose layout is not the published one ends the build before anything is made of it.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from '../support/run.ts';
import { root } from '../support/tree.ts';

let base = '';
const at = (path: string): string => join(base, 'home/runner', path);

function put(path: string, mode = 0o755): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), '#!x\n');
  chmodSync(at(path), mode);
}

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'airlock-strip-'));
  const nodes = ['externals/node20/bin/node', 'externals/node24/bin/node'];
  for (const path of ['run.sh', 'bin/Runner.Listener', 'bin/Runner.Worker', ...nodes]) put(path);
});
afterEach(() => rmSync(base, { recursive: true }));

const begin = "NOT BUILT: the base's layout is not that of actions-runner: ";

it.each<[string, () => void, string]>([
  ['without run.sh', () => rmSync(at('run.sh')), '/home/runner/run.sh is missing'],
  ['without node24', () => rmSync(at('externals/node24'), { recursive: true }), 'externals/node24/bin/node is missing'],
  ['without the worker', () => rmSync(at('bin/Runner.Worker')), '/home/runner/bin/Runner.Worker is missing'],
  ['with a listener that is a link', () => link('bin/Runner.Listener'), 'bin/Runner.Listener is no executable file'],
  ['with a listener of no right', () => chmodSync(at('bin/Runner.Listener'), 0o644), 'is no executable file'],
  ['with another folder beside bin', () => put('tools/x'), '/home/runner/tools is new; decide in'],
  ['with another node', () => put('externals/node26/bin/node'), 'externals/node26 is new; decide in'],
])('a base %s is not taken', async (_, change, said) => {
  change();
  const { code, stdout, stderr } = await run(process.execPath, [
    join(root, 'images/runner/strip.mjs'),
    base,
    base,
    join(base, 'new'),
  ]);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(begin);
  expect(stderr).toContain(said);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

function link(path: string): void {
  rmSync(at(path));
  symlinkSync('Runner.Worker', at(path));
}
