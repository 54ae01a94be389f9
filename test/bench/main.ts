// `npm run bench`: paired figures, printed and written to docs/benchmarks.md. What needs an engine needs
// AIRLOCK_TEST_DOCKER and AIRLOCK_TEST_IMAGE (test/docker/engine/up.mjs). `--quick` only tries the harness and writes
// nothing, unless `--out` says where.

import { writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { versionOf } from './docker.ts';
import { holdJobs } from './gate-memory.ts';
import { fullEffort, measure, quickEffort } from './measure.ts';
import { pageOf, rowOf } from './page.ts';

const program = fileURLToPath(import.meta.url);
const dist = dirname(dirname(program));

interface Wanted {
  readonly quick: boolean;
  readonly root: string;
  /** Where the page goes; absent: nowhere. */
  readonly out: string | undefined;
}

async function bench({ quick, root, out }: Wanted): Promise<void> {
  const { AIRLOCK_TEST_DOCKER: host, AIRLOCK_TEST_IMAGE: image } = process.env;
  const engine = host === undefined || image === undefined ? null : { host, image };
  const before = loadavg()[0] ?? 0;
  const place = { root, hook: join(dist, 'hook/index.js'), cell: join(dist, 'cell.js'), program, engine };
  const { figures, notes } = await measure(place, quick ? quickEffort : fullEffort, (figure) =>
    console.log(rowOf(figure)),
  );
  const circumstances = {
    node: process.version,
    cores: availableParallelism(),
    engine: engine === null ? null : await versionOf(engine),
    load: [before, loadavg()[0] ?? 0] as const,
  };
  if (out !== undefined) await writeFile(out, pageOf(figures, notes, circumstances));
  const judged = figures.filter(({ met }) => met !== null);
  const met = judged.filter((figure) => figure.met).length;
  console.log(`bench: ${figures.length} figures, ${met} of ${judged.length} within their target`);
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    root: { type: 'string', default: dirname(dist) },
    out: { type: 'string' },
    gate: { type: 'string' },
  },
});
const { gate, quick, root, out } = values;
if (gate === undefined)
  await bench({ quick, root, out: out ?? (quick ? undefined : join(root, 'docs/benchmarks.md')) });
else await holdJobs(gate);
process.exit(0);
