// What `docker build` sends for airlock's images, without the parts that no test looks at.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../../scripts/bundle.mjs';
import { root } from '../../support/tree.ts';

export interface Context {
  readonly folder: string;
  remove(): void;
}

/** @param artifacts names of what is built into `dist`. @param more paths of the project */
export async function contextOf(artifacts: readonly string[], more: readonly string[] = []): Promise<Context> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-context-'));
  for (const path of ['images', ...more]) cpSync(join(root, path), join(folder, path), { recursive: true });
  const outcomes = await bundle({ outdir: join(folder, 'dist'), only: artifacts });
  const wrong = outcomes.flatMap(({ errors = [] }) => errors);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
