// `npm run chart`: the Helm chart with the managed script inside, under dist/chart/.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packChart } from './chart-package.mjs';
import { root } from './install.mjs';
import { setup } from './setup.mjs';

try {
  await setup();
  const made = packChart(join(root, 'dist/chart'), readFileSync(join(root, 'dist/cell.js'), 'utf8'));
  for (const path of [made.folder, made.archive]) console.log(`chart: ${relative(root, path)}`);
} catch (error) {
  console.error(`chart: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
