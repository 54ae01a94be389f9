// `npm run drone:conformance -- DIR…`: the requests of every recording of a real Drone, sent to the simulated one, one
// line each. What differs and is not in the committed table of known differences fails the run.

import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inOrder, recordingsIn } from '../support/folders.ts';
import { type KnownDifference, accepted } from '../try/drone/play/known-differences.ts';
import { play } from '../try/drone/play/player.ts';
import { recordingOf } from '../try/drone/play/recording.ts';
import type { Finding } from '../try/drone/play/report.ts';

interface Outcome {
  readonly name: string;
  /** Requests whose answers were compared. */
  readonly exchanges: number;
  readonly findings: readonly Finding[];
}

const root = fileURLToPath(new URL('../../', import.meta.url));
/** For one recording: the longest takes some seconds, on a busy machine a minute. */
const limitMs = 240_000;
/** Recordings that are played at the same time: most of each is waiting. */
const atOnce = 3;

/** What a simulated build threw while nobody waited for it. */
const escaped: unknown[] = [];
process.on('unhandledRejection', (reason) => escaped.push(reason));

const saidBy = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Never rejects: what cannot be played is a difference of its own. */
async function outcomeOf(file: string): Promise<Outcome> {
  const name = basename(file, '.json');
  try {
    const recording = recordingOf(basename(file), await readFile(file, 'utf8'));
    const { compared, findings } = await within(play(recording));
    return { name, exchanges: compared, findings };
  } catch (error) {
    const finding = { request: 'the recording cannot be played', differences: [saidBy(error)] };
    return { name, exchanges: 0, findings: [finding] };
  }
}

function print({ name, exchanges, findings }: Outcome, open: readonly Finding[]): void {
  const known = findings.length - open.length;
  console.log(
    `${name.padEnd(32)} exchanges ${String(exchanges).padStart(3)}  differences ${open.length}${known === 0 ? '' : `  known ${known}`}`,
  );
  for (const { request, differences } of open) {
    console.log(`    ${request}`);
    for (const difference of differences) console.log(`      ${difference}`);
  }
}

async function main(): Promise<number> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const { files, problems } = await recordingsIn(
    positionals.length > 0 ? positionals : [join(root, 'test/fixtures/drone')],
  );
  for (const problem of problems) console.error(`drone:conformance: ${problem}`);
  const met = new Map<KnownDifference, number>();
  let exchanges = 0;
  let differences = 0;

  for await (const outcome of inOrder(files, atOnce, outcomeOf)) {
    const open = outcome.findings.filter((finding) => {
      const known = accepted(finding);
      if (known !== undefined) met.set(known, (met.get(known) ?? 0) + 1);
      return known === undefined;
    });
    print(outcome, open);
    exchanges += outcome.exchanges;
    differences += open.length;
  }
  for (const error of escaped) console.log(`the simulated Drone failed: ${saidBy(error)}`);
  differences += escaped.length;

  const times = [...met.values()].reduce((sum, one) => sum + one, 0);
  console.log(`known differences: ${times} met, for ${met.size} reasons`);
  for (const [{ because }, nth] of met) console.log(`    ${nth} × ${because}`);
  console.log(`conformance: ${files.length} recordings, ${exchanges} exchanges, ${differences} differences`);
  return problems.length === 0 && files.length > 0 && differences === 0 ? 0 : 1;
}

// Streams that were left alone have timers that nobody waits for.
process.exit(
  await main().catch((error: unknown) => {
    console.error(`drone:conformance: ${saidBy(error)}`);
    return 1;
  }),
);
