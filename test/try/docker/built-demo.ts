// The demo as a user runs it, built into a folder of its own, so that a test depends on no build of the project's.

import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../../scripts/bundle.mjs';
import { root } from '../../support/tree.ts';

export interface BuiltDemo {
  /** Path of the program. */
  readonly program: string;
  /** Path of the managed script. */
  readonly cell: string;
  remove(): void;
}

export async function buildDemo(): Promise<BuiltDemo> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-demo-'));
  const outcomes = await bundle({ outdir: join(folder, 'dist'), only: ['hook', 'cell', 'demo'] });
  for (const { errors } of outcomes) if (errors !== undefined) throw new Error(errors.join('\n'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  cpSync(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
  return {
    program: join(folder, 'dist/dev/demo.js'),
    cell: join(folder, 'dist/cell.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
