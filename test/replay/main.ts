// `npm run replay -- DIR…`: what every recorded job does with the built hook and a real gate, one line each. A committed
// table says what is expected of a recording, by its content; any other is judged by the general rules alone.

import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { silentLog } from '../../src/gate/index.ts';
import { loadPolicy } from '../../src/policy/index.ts';
import { startLab } from '../../src/try/lab.ts';
import { type Judgement, judge } from './judge.ts';
import { type PlayedCall, parseRecording, playRecording } from './play.ts';

interface Expectation {
  readonly file: string;
  readonly verdict: Judgement['verdict'];
  readonly codes: readonly string[];
  readonly builds: number;
  readonly cells: number;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const built = { hook: join(root, 'dist/hook/index.js'), cell: join(root, 'dist/cell.js') };
const scenario = {
  stages: [{ name: 'default', steps: [{ name: 'deploy', lines: ['deployed\n'], ms: 20 }] }],
  pendingMs: 10,
};

async function recordingsIn(folders: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder);
    files.push(
      ...names
        .filter((name) => name.endsWith('.json'))
        .sort()
        .map((name) => join(folder, name)),
    );
  }
  return files;
}

async function play(file: string, text: string, policyText: string): Promise<PlayedCall[]> {
  const recording = parseRecording(text);
  const lab = await startLab({
    policy: loadPolicy(policyText, 'policy.yaml'),
    built,
    drone: { simulated: scenario },
    log: silentLog(),
  });
  try {
    return await playRecording(recording, lab, built.hook);
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    await lab.close();
  }
}

function differences(found: Judgement, expected: Expectation | undefined): string[] {
  if (expected === undefined) return [];
  const keys = ['verdict', 'codes', 'builds', 'cells'] as const;
  return keys
    .filter((key) => JSON.stringify(found[key]) !== JSON.stringify(expected[key]))
    .map((key) => `${key} should be ${JSON.stringify(expected[key])}`);
}

function line(file: string, found: Judgement, judgedBy: string): string {
  const codes = found.codes.length === 0 ? '-' : found.codes.join(', ');
  return `${basename(file).padEnd(28)} ${found.verdict.padEnd(8)} builds ${found.builds}  cells ${found.cells}  ${judgedBy.padEnd(8)} ${codes}`;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { show: { type: 'boolean' } } });
  const files = await recordingsIn(positionals.length > 0 ? positionals : [join(root, 'test/fixtures/contract')]);
  const table = JSON.parse(await readFile(join(root, 'test/replay/expectations.json'), 'utf8')) as Record<
    string,
    Expectation
  >;
  const policyText = await readFile(join(root, 'test/replay/policy.yaml'), 'utf8');
  const count = { allowed: 0, refused: 0, unexpected: 0 };

  for (const file of files) {
    const text = await readFile(file, 'utf8');
    const expected = table[createHash('sha256').update(text).digest('hex')];
    const calls = await play(file, text, policyText);
    const found = judge(calls);
    const unexpected = [...found.problems, ...differences(found, expected)];
    count[found.verdict]++;
    if (unexpected.length > 0) count.unexpected++;
    console.log(line(file, found, expected === undefined ? 'by rules' : 'by table'));
    for (const problem of unexpected) console.log(`    unexpected: ${problem}`);
    if (values.show)
      for (const call of calls) console.log(`--- ${call.command} → ${call.exitCode}\n${call.stdout}${call.stderr}`);
  }
  console.log(
    `replay: ${files.length} recordings, ${count.allowed} allowed, ${count.refused} refused, ${count.unexpected} unexpected`,
  );
  return files.length > 0 && count.unexpected === 0 ? 0 : 1;
}

process.exitCode = await main();
