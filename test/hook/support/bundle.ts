// The hook as the runner starts it: one file, made as the build makes it, in a folder of its own.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Limits } from '../../../src/hook/limits.ts';

const entry = fileURLToPath(new URL('../../../src/hook/main.ts', import.meta.url));

export interface Bundle {
  readonly path: string;
  readonly text: string;
  remove(): void;
}

/** @param limits other waits than the built hook has, which takes none from its environment */
export async function bundleHook(limits: Partial<Limits> = {}): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), 'hook-'));
  const main = readFileSync(entry, 'utf8');
  const changed = main.replace('limits: defaultLimits', `limits: { ...defaultLimits, ...${JSON.stringify(limits)} }`);
  const { outputFiles } = await build({
    stdin: { contents: changed, sourcefile: 'main.ts', resolveDir: dirname(entry), loader: 'ts' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    legalComments: 'none',
    write: false,
  });
  const text = outputFiles[0]?.text ?? '';
  const path = join(folder, 'index.js');
  writeFileSync(path, text);
  writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}\n');
  return { path, text, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
