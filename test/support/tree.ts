import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The project's own files, as the tests that hold the repository to its rules read them. The tree is walked, not asked
// of git: the tests also run where there is no git, and in copies of the tree.

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const made = new Set(['.git', 'node_modules', 'dist', 'coverage', '.cache']);

/** Files below `folder`, as paths from the root with `/`, sorted; what the project makes itself is left out. */
export function files(folder = '.'): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (made.has(entry.name) || entry.name.endsWith('.log') || entry.name.endsWith('.tgz')) continue;
    if (entry.isDirectory()) found.push(...files(path));
    else if (entry.isFile()) found.push(path);
  }
  return found.sort();
}

export function text(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
