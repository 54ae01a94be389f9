// `airlock try WORKFLOW.yml`: the job as GitHub would show it, before anything is installed.

import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { silentLog } from '../gate/index.ts';
import { type Policy, PolicyError, loadPolicy } from '../policy/index.ts';
import { findBuilt } from '../try/built.ts';
import { defaultEvent } from '../try/default-event.ts';
import { type EngineName, Unavailable, chooseEngine, engines } from '../try/docker/index.ts';
import { interruptible } from '../try/interrupt.ts';
import type { LabDrone } from '../try/lab.ts';
import type { PlayedEvent } from '../try/runner/index.ts';
import { type Outcome, outcomes, simulatedPipeline } from '../try/scenarios.ts';
import { type TriedJob, tryWorkflow } from '../try/try-workflow.ts';
import { WorkflowError } from '../try/workflow/index.ts';

interface Options {
  readonly job?: string;
  readonly event: string;
  readonly ref: string;
  readonly sha?: string;
  readonly repository?: string;
  readonly repositoryId?: string;
  readonly actor?: string;
  readonly private?: true;
  readonly unprotected?: true;
  readonly policy?: string;
  readonly engine?: EngineName;
  readonly drone?: string;
  readonly droneTokenFile?: string;
  readonly simulate: Outcome;
  readonly secret: Readonly<Record<string, string>>;
  readonly var: Readonly<Record<string, string>>;
  readonly color: boolean;
}

function pair(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('write it as NAME=VALUE');
  return Object.assign(Object.create(null) as Record<string, string>, before, {
    [text.slice(0, at)]: text.slice(at + 1),
  });
}

function eventOf(options: Options, policy: Policy | undefined): PlayedEvent {
  const known = policy?.repositories.find(
    ({ repository }) => options.repository === undefined || repository === options.repository,
  );
  const { sha, actor } = options;
  return defaultEvent({
    name: options.event,
    ref: options.ref,
    repository: options.repository ?? known?.repository ?? 'octo/widgets',
    repositoryId: options.repositoryId ?? known?.id ?? '1',
    refProtected: options.unprotected !== true,
    visibility: options.private === true ? 'private' : 'public',
    ...(sha === undefined ? {} : { sha }),
    ...(actor === undefined ? {} : { actor }),
  });
}

function droneOf({ drone, droneTokenFile, simulate }: Options): LabDrone {
  if (drone === undefined) return { simulated: simulatedPipeline(simulate) };
  return { server: drone, token: droneTokenFile === undefined ? undefined : { file: droneTokenFile } };
}

/** Whose parts are played, and where the cells run. */
function introduction({ drone, policy }: Options, cells: string): string {
  return [
    `Played here: the runner and GitHub's token issuer${drone === undefined ? ', and a simulated Drone' : `; asked for real: ${drone}`}.`,
    policy === undefined ? 'No --policy: one is made up that allows what the job asks for.' : `Policy: ${policy}.`,
    cells,
    '',
  ].join('\n');
}

async function run(file: string, options: Options): Promise<readonly TriedJob[]> {
  const policy =
    options.policy === undefined ? undefined : loadPolicy(readFileSync(options.policy, 'utf8'), options.policy);
  const { signal, done } = interruptible();
  const log = silentLog();
  try {
    const realDrone = options.drone !== undefined;
    const { place, says } = await chooseEngine({ engine: options.engine, realDrone, log, signal });
    try {
      process.stdout.write(introduction(options, says));
      return await tryWorkflow({
        file,
        job: options.job,
        event: eventOf(options, policy),
        policy,
        drone: droneOf(options),
        built: findBuilt(),
        secrets: options.secret,
        vars: options.var,
        colour: options.color && process.stdout.isTTY,
        write: (text) => process.stdout.write(text),
        log,
        place,
        signal,
      });
    } finally {
      await place?.close();
    }
  } finally {
    done();
  }
}

/** Exits with 1 when a job did not succeed, and with 2 when nothing could be played. */
export function tryCommand(): Command {
  return new Command('try')
    .summary("play a workflow's job on this machine")
    .description(
      'Reads a workflow file, plays the runner, GitHub and a simulated Drone, and prints the job as GitHub would show it.',
    )
    .argument('<workflow>', 'workflow file, for example .github/workflows/deploy.yml')
    .option('--job <id>', 'the job to play; default: the only job with `container:`')
    .option('--event <name>', 'what happened in the repository', 'push')
    .option('--ref <ref>', 'full ref that it happened on', 'refs/heads/main')
    .option('--sha <commit>', 'commit, 40 lower hex digits')
    .option('--repository <owner/name>', "default: the policy's first, else octo/widgets")
    .option('--repository-id <number>', "default: the policy's")
    .option('--actor <login>', 'who did it')
    .option('--private', 'the repository is private (default: public)')
    .option('--unprotected', 'the ref is not protected (default: it is)')
    .option('--policy <file>', 'the policy that decides; default: one that allows what the job asks for')
    .addOption(
      new Option('--engine <name>', 'where the cells run; default: Docker if an engine answers').choices(engines),
    )
    .option('--drone <url>', 'ask this Drone in place of a simulated one')
    .option('--drone-token-file <file>', "its token; default: the policy's file")
    .addOption(new Option('--simulate <outcome>', 'how the simulated build ends').choices(outcomes).default('success'))
    .option('--secret <NAME=VALUE>', 'a secret; may be repeated', pair, {})
    .option('--var <NAME=VALUE>', 'a configuration variable; may be repeated', pair, {})
    .option('--no-color', 'without colours')
    .action(async (file: string, options: Options, command: Command) => {
      try {
        const jobs = await run(file, options);
        process.exitCode = jobs.every(({ result }) => result.conclusion === 'success') ? 0 : 1;
      } catch (error) {
        const expected =
          error instanceof PolicyError ||
          error instanceof WorkflowError ||
          error instanceof Unavailable ||
          (error instanceof Error && 'code' in error);
        if (expected) command.error(error.message, { exitCode: 2, code: 'airlock.try' });
        throw error;
      }
    });
}
