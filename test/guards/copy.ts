import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { files, root } from '../support/tree.ts';

// A copy of the tree in which rules may be taken away while the tree itself stays as it is. Packages are links: nothing
// in a copy changes them. dist/ is copied as it is, since some tests start what was built; a guard may not name those.

/** @returns its path, below the system's folder for temporary files */
export function copyTree(): string {
  const path = mkdtempSync(join(tmpdir(), 'airlock-guards-'));
  for (const file of files()) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    cpSync(join(root, file), join(path, file));
  }
  const modules = join(path, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.') || name === '.bin') symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  return path;
}

export const removeTree = (path: string): void => rmSync(path, { recursive: true, force: true });
