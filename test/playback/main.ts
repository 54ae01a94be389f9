// `npm run drone:playback -- DIR…`: every recording of a real Drone, served back to the client, one line each. A committed
// table says what is expected of a recording, by its content; of any other only the general rules are demanded.
// `--details` adds the sentences of each verdict; `--table` prints what the table would say, in place of everything else.

import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inOrder, recordingsIn } from '../support/folders.ts';
import { linesOf } from './lines.ts';
import { type Outcome, type Table, expectationOf, outcomeOf } from './outcome.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Recordings that are played at the same time: most of each is waiting. */
const atOnce = 6;

/** What failed while nobody waited for it. */
const escaped: unknown[] = [];
process.on('unhandledRejection', (reason) => escaped.push(reason));

const saidBy = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { details: { type: 'boolean', default: false }, table: { type: 'boolean', default: false } },
  });
  const { files, problems } = await recordingsIn(
    positionals.length > 0 ? positionals : [join(root, 'test/fixtures/drone')],
  );
  for (const problem of problems) console.error(`drone:playback: ${problem}`);
  const table = JSON.parse(await readFile(join(root, 'test/playback/expectations.json'), 'utf8')) as Table;
  const expectations: [string, unknown][] = [];
  const counts = { 'as expected': 0, 'not as expected': 0, 'not judged': 0 };

  const play = async (file: string): Promise<Outcome> =>
    outcomeOf(basename(file, '.json'), await readFile(file, 'utf8'), table);
  for await (const outcome of inOrder(files, atOnce, play)) {
    counts[outcome.judgement]++;
    expectations.push([outcome.hash, expectationOf(outcome)]);
    if (!values.table) for (const line of linesOf(outcome, values.details)) console.log(line);
  }
  for (const error of escaped) console.log(`    unexpected: ${saidBy(error)}`);
  if (values.table) console.log(JSON.stringify(Object.fromEntries(expectations), null, 2));
  else
    console.log(
      `playback: ${files.length} recordings, ${counts['as expected']} as expected, ${counts['not as expected']} not`,
    );
  return problems.length === 0 && files.length > 0 && counts['not as expected'] === 0 && escaped.length === 0 ? 0 : 1;
}

// Streams that were left alone have timers that nobody waits for.
process.exit(
  await main().catch((error: unknown) => {
    console.error(`drone:playback: ${saidBy(error)}`);
    return 1;
  }),
);
