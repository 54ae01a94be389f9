// `npm run demo`: the jobs of examples/ from the runner's four calls to a simulated Drone, printed as their author would
// see them, and each held against what it has to end as.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { silentLog } from '../gate/index.ts';
import { loadPolicy } from '../policy/index.ts';
import { findBuilt } from './built.ts';
import { defaultEvent } from './default-event.ts';
import { type DockerPlace, type EngineName, chooseEngine, engines } from './docker/index.ts';
import { interruptible } from './interrupt.ts';
import { type Outcome, simulatedPipeline } from './scenarios.ts';
import { type TriedJob, tryWorkflow } from './try-workflow.ts';

interface Example {
  readonly file: string;
  readonly says: string;
  readonly pipeline: Outcome;
  readonly conclusion: 'success' | 'failure';
  readonly builds: number;
  /** Somewhere in the job's log or its annotations. */
  readonly shows: readonly string[];
}

const examples: readonly Example[] = [
  {
    file: 'deploy.yml',
    says: 'a deployment that succeeds',
    pipeline: 'success',
    conclusion: 'success',
    builds: 1,
    shows: ['+ ./deploy.sh staging', 'deployed'],
  },
  {
    file: 'failing.yml',
    says: 'a build that fails in Drone',
    pipeline: 'failure',
    conclusion: 'failure',
    builds: 1,
    shows: ['exceeded its progress deadline', '[airlock build-failed]'],
  },
  {
    file: 'refused.yml',
    says: 'a step that wants a shell',
    pipeline: 'success',
    conclusion: 'failure',
    builds: 0,
    shows: ['[airlock text-not-a-task]'],
  },
];

const root = fileURLToPath(new URL('../../', import.meta.url));

function problemsOf(example: Example, jobs: readonly TriedJob[], printed: string): string[] {
  const problems: string[] = [];
  const [job] = jobs;
  if (job === undefined || jobs.length !== 1) return [`${jobs.length} jobs instead of one`];
  if (job.result.conclusion !== example.conclusion)
    problems.push(`it ended as ${job.result.conclusion} instead of ${example.conclusion}`);
  if (job.builds !== example.builds) problems.push(`Drone made ${job.builds} builds instead of ${example.builds}`);
  if (example.builds > 0 && job.result.outputs['number'] !== '1')
    problems.push(`the output number is ${JSON.stringify(job.result.outputs['number'])} instead of "1"`);
  for (const text of example.shows) if (!printed.includes(text)) problems.push(`its log lacks ${JSON.stringify(text)}`);
  return problems;
}

async function play(example: Example, place: DockerPlace | null, signal: AbortSignal): Promise<string[]> {
  const colour = process.stdout.isTTY;
  const policyFile = join(root, 'examples/policy.yaml');
  let printed = '';
  console.log(`\n════ ${example.file}: ${example.says} ════`);
  const jobs = await tryWorkflow({
    file: join(root, 'examples/workflows', example.file),
    event: defaultEvent(),
    policy: loadPolicy(await readFile(policyFile, 'utf8'), policyFile),
    drone: { simulated: simulatedPipeline(example.pipeline) },
    built: findBuilt(),
    secrets: {},
    vars: {},
    colour,
    place,
    signal,
    write(text) {
      printed += text;
      process.stdout.write(text);
    },
  });
  return problemsOf(example, jobs, printed);
}

/** @throws {TypeError} an option that is not known */
function engineOf(args: readonly string[]): EngineName | undefined {
  const { engine } = parseArgs({ args: [...args], options: { engine: { type: 'string' } } }).values;
  if (engine === undefined || (engines as readonly string[]).includes(engine)) return engine as EngineName | undefined;
  throw new TypeError(`--engine is ${engines.join(' or ')}`);
}

async function playAll(place: DockerPlace | null, signal: AbortSignal): Promise<number> {
  let expected = 0;
  for (const example of examples) {
    const problems = await play(example, place, signal);
    signal.throwIfAborted();
    if (problems.length === 0) expected++;
    for (const problem of problems) console.log(`NOT AS EXPECTED: ${example.file}: ${problem}`);
  }
  console.log(`\ndemo: ${expected} of ${examples.length} jobs ended as expected`);
  return expected === examples.length ? 0 : 1;
}

/** The exit code: 0 when all jobs ended as expected, 2 when nothing could be played, 130 when it was interrupted. */
async function main(args: readonly string[]): Promise<number> {
  let place: DockerPlace | null = null;
  const { signal, done } = interruptible();
  try {
    const engine = engineOf(args);
    console.log(
      'The demo plays the runner, GitHub and Drone on this machine; hook, gate and the managed script are real.',
    );
    const choice = await chooseEngine({ engine, log: silentLog(), signal });
    place = choice.place;
    console.log(choice.says);
    return await playAll(place, signal);
  } catch (error) {
    console.error(`demo: ${signal.aborted ? 'interrupted' : (error as Error).message}`);
    return signal.aborted ? 130 : 2;
  } finally {
    await place?.close();
    done();
  }
}

process.exitCode = await main(process.argv.slice(2));
