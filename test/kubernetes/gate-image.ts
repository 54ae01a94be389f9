import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../scripts/bundle.mjs';
import type { Cluster, Image } from '../cluster/handle.mjs';
import { buildImage } from '../cluster/images.mjs';
import { must } from '../cluster/run.mjs';
import { imageTarball } from '../docker/engine/image.mjs';
import { root } from '../support/tree.ts';

// The gate of these sources as an image, where the chart looks for it: this machine's node, /app/dist/cli.js, and the
// packages that it needs when it runs.

interface Manifest {
  dependencies?: Record<string, string>;
}

/** Folders below node_modules of everything that is needed when it runs. */
function packages(): readonly string[] {
  const found = new Set<string>();
  const manifest = (folder: string) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
  const add = (from: string): void => {
    for (const name of Object.keys(manifest(from).dependencies ?? {})) {
      const nested = join(from, 'node_modules', name);
      const folder = existsSync(join(root, nested)) ? nested : join('node_modules', name);
      if (!found.has(folder)) {
        found.add(folder);
        add(folder);
      }
    }
  };
  add('.');
  return [...found];
}

export async function importGateImage(cluster: Cluster): Promise<Image> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-gate-image-'));
  try {
    const app = join(folder, 'root/app');
    mkdirSync(app, { recursive: true });
    await must(['tar', '-xf', imageTarball(), '-C', join(folder, 'root')]);
    const [made] = await bundle({ outdir: join(app, 'dist'), only: ['cli'] });
    if (made === undefined || 'errors' in made) throw new Error(`the gate: ${String(made?.errors)}`);
    for (const one of packages()) cpSync(join(root, one), join(app, one), { recursive: true });
    writeFileSync(join(app, 'package.json'), '{"type":"module"}');
    const archive = join(folder, 'image.tar');
    await buildImage(
      { name: 'airlock.test/gate:local', root: join(folder, 'root'), config: { Env: ['PATH=/usr/bin:/bin'] } },
      archive,
    );
    return await cluster.importImage(archive);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
