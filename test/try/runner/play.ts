// Plays a workflow's text with a hook that a test writes. The hook is a real file and a real process.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type JobResult,
  type PlayedEvent,
  type PlayOptions,
  playJob,
  type RunnerLine,
} from '../../../src/try/runner/index.ts';
import { type Job, readWorkflow, selectJobs } from '../../../src/try/workflow/index.ts';

export const pushEvent: PlayedEvent = {
  name: 'push',
  ref: 'refs/heads/main',
  sha: 'a'.repeat(40),
  repository: 'octo/widgets',
  repositoryId: '1',
  actor: 'octocat',
  runId: '1001',
  attempt: '1',
  checkRunId: '5005',
  refProtected: false,
  visibility: 'public',
};

/** What a hook process saw, in the form of the recordings. */
export interface SeenCall {
  readonly input: {
    readonly command: string;
    readonly responseFile: string;
    readonly args: never;
    readonly state: unknown;
  };
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly files: Readonly<Record<string, string>>;
}

export interface Played {
  readonly result: JobResult;
  readonly lines: readonly RunnerLine[];
  /** As the processes themselves wrote it down. */
  readonly seen: readonly SeenCall[];
  /** What GitHub's log would show of one kind, or of all. */
  text(kind?: RunnerLine['kind']): string[];
  readonly root: string;
}

// Answers as the hook of the recordings did. `behaviour` runs after it has written down what it saw.
const recorder = (behaviour: string) => `
const fs = require('node:fs'), path = require('node:path');
const input = JSON.parse(fs.readFileSync(0, 'utf8'));
const temp = process.env.RUNNER_TEMP;
const files = {};
for (const entry of fs.readdirSync(temp, { withFileTypes: true })) {
  if (entry.isFile()) files[entry.name] = fs.readFileSync(path.join(temp, entry.name), 'utf8');
}
const empty = fs.readFileSync(input.responseFile, 'utf8') === '';
const folder = process.env.RECORDER_DIR;
const { RECORDER_DIR, ...env } = process.env;
fs.writeFileSync(
  path.join(folder, String(fs.readdirSync(folder).length).padStart(3, '0') + '.json'),
  JSON.stringify({ input, env, cwd: process.cwd(), files, empty }),
);
const respond = (value) => fs.writeFileSync(input.responseFile, typeof value === 'string' ? value : JSON.stringify(value));
const isPrepare = input.command === 'prepare_job';
if (isPrepare) respond({ isAlpine: false, state: { x: 1 }, context: { container: { id: 'c', network: 'n' }, services: [] } });
const isScript = input.command === 'run_script_step';
const output = (name, value) => fs.appendFileSync(process.env.GITHUB_OUTPUT, name + '=' + value + '\\n');
const say = (...lines) => { for (const line of lines) console.log(line); };
${behaviour}
`;

export interface PlayGiven extends Partial<Omit<PlayOptions, 'job' | 'hook' | 'tempDir' | 'onOutput' | 'event'>> {
  /** JavaScript; sees `input`, `isPrepare`, `isScript`, `respond`, `output`, `say`, `fs`, `path`. */
  readonly hook?: string;
  readonly hookPath?: string;
  readonly jobName?: string;
  readonly event?: Partial<PlayedEvent>;
  readonly onLine?: (line: RunnerLine) => void;
  readonly job?: (jobs: readonly Job[]) => Job;
}

const fresh = (folder: string) => {
  const made = mkdtempSync(join(tmpdir(), `airlock-${folder}-`));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
};

export async function play(workflow: string, given: PlayGiven = {}): Promise<Played> {
  const {
    hook: behaviour = '',
    hookPath,
    jobName,
    event,
    onLine,
    job: pick = ([first]) => first!,
    environment,
    ...options
  } = given;
  const tempDir = fresh('play');
  const records = fresh('records');
  const hook = hookPath ?? join(tempDir, 'hook.js');
  if (hookPath === undefined) writeFileSync(hook, recorder(behaviour));
  const lines: RunnerLine[] = [];
  const result = await playJob({
    job: pick(selectJobs(readWorkflow(workflow, 'wf.yml'), jobName)),
    event: { ...pushEvent, ...event },
    hook,
    environment: { RECORDER_DIR: records, ...environment },
    secrets: {},
    vars: {},
    tempDir,
    onOutput: (line) => {
      lines.push(line);
      onLine?.(line);
    },
    ...options,
  });
  const seen = readdirSync(records)
    .sort()
    .map((name) => JSON.parse(readFileSync(join(records, name), 'utf8')) as SeenCall);
  const root = readdirSync(tempDir).find((name) => name.startsWith('runner-')) ?? '';
  return {
    result,
    lines,
    seen,
    text: (kind) => lines.filter((line) => kind === undefined || line.kind === kind).map((line) => line.text),
    root: join(tempDir, root),
  };
}

/** A job with a container and the given steps, each written as YAML flow or block below `steps:`. */
export const jobWith = (steps: string, extra = ''): string => `
name: wf
on: push
jobs:
  deploy:
    runs-on: airlock
    container: airlock
${extra.replace(/^/gm, '    ')}
    steps:
${steps.replace(/^/gm, '      ')}
`;
