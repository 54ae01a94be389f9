// Plays the jobs of one workflow file against a lab: what `airlock try` and the demo do.

import { readFile } from 'node:fs/promises';
import { type Logger, silentLog } from '../gate/index.ts';
import { type Policy, loadPolicy } from '../policy/index.ts';
import type { Built } from './built.ts';
import { createDisplay } from './display.ts';
import type { DockerPlace } from './docker/index.ts';
import { claimsOf } from './facts.ts';
import { type Lab, type LabDrone, startLab } from './lab.ts';
import { madeUpPolicy } from './made-up-policy.ts';
import { type JobResult, type PlayedEvent, playJob } from './runner/index.ts';
import { type Job, readWorkflow, selectJobs } from './workflow/index.ts';

export interface TryOptions {
  /** Path of the workflow file. */
  readonly file: string;
  readonly job?: string | undefined;
  readonly event: PlayedEvent;
  /** Absent: one is made up that allows what the job asks for. */
  readonly policy?: Policy | undefined;
  readonly drone: LabDrone;
  readonly built: Built;
  readonly secrets: Readonly<Record<string, string>>;
  readonly vars: Readonly<Record<string, string>>;
  readonly colour: boolean;
  readonly write: (text: string) => void;
  readonly log?: Logger | undefined;
  /** Where cells run as containers; absent or null: they are child processes. */
  readonly place?: DockerPlace | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TriedJob {
  readonly result: JobResult;
  /** Builds that the simulated Drone has made for this job; 0 with a real one, where they are not counted. */
  readonly builds: number;
}

async function tryJob(job: Job, index: number, lab: Lab, options: TryOptions): Promise<TriedJob> {
  const runner = await lab.runner(`job-${index}`);
  // Each combination of a matrix is a job of its own for GitHub.
  const event = { ...options.event, checkRunId: String(Number(options.event.checkRunId) + index) };
  const idToken = lab.admit(claimsOf(job, event));
  const display = createDisplay({ write: options.write, colour: options.colour });
  const before = lab.builds().length;
  try {
    const result = await playJob({
      job,
      event,
      hook: options.built.hook,
      environment: {
        ...runner.environment,
        ACTIONS_ID_TOKEN_REQUEST_URL: idToken.url,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: idToken.token,
      },
      secrets: options.secrets,
      vars: options.vars,
      tempDir: lab.folder,
      onOutput: (line) => display.line(line),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    display.result(result);
    return { result, builds: lab.builds().length - before };
  } finally {
    await runner.close();
  }
}

/**
 * Plays the chosen job, once for each combination of its matrix, one after the other.
 * @throws {WorkflowError} when the file or the job cannot be played
 */
export async function tryWorkflow(options: TryOptions): Promise<TriedJob[]> {
  const jobs = selectJobs(readWorkflow(await readFile(options.file, 'utf8'), options.file), options.job);
  const [first] = jobs;
  if (first === undefined) return [];
  const policy = options.policy ?? loadPolicy(madeUpPolicy(first, options.event), 'made-up policy');
  const { built, drone, log = silentLog(), place } = options;
  const lab = await startLab({ policy, built, drone, log, place });
  const tried: TriedJob[] = [];
  try {
    for (const [index, job] of jobs.entries()) tried.push(await tryJob(job, index, lab, options));
  } finally {
    await lab.close();
  }
  return tried;
}
