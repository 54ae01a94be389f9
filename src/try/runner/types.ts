// What the played runner is given and what it tells.

import type { Job, Json } from '../workflow/index.ts';

/** What happened in the repository; the facts that GitHub puts into a job. */
export interface PlayedEvent {
  /** `push`, `workflow_dispatch`, ... */
  readonly name: string;
  /** `refs/heads/main` */
  readonly ref: string;
  /** 40 lower hex digits */
  readonly sha: string;
  /** `owner/name` */
  readonly repository: string;
  readonly repositoryId: string;
  readonly ownerId?: string;
  readonly actor: string;
  readonly actorId?: string;
  readonly runId: string;
  readonly runNumber?: string;
  readonly attempt: string;
  readonly checkRunId: string;
  readonly refProtected: boolean;
  readonly visibility: 'public' | 'private' | 'internal';
  /** Of a workflow_dispatch, as they were typed in. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Laid over the event.json that is made from the fields above. */
  readonly payload?: Readonly<Record<string, Json>>;
}

/** A job that the played one `needs:`. */
export interface NeededJob {
  readonly result: 'success' | 'failure' | 'cancelled' | 'skipped';
  readonly outputs: Readonly<Record<string, string>>;
}

/** Milliseconds. The defaults are the runner's own. */
export interface Limits {
  /** From SIGINT to SIGTERM: 7,500. */
  readonly interrupt: number;
  /** From SIGTERM to SIGKILL: 2,500. */
  readonly terminate: number;
  /** What a minute of `timeout-minutes` lasts: 60,000. */
  readonly minute: number;
  /** How long an ended hook's output is waited for, when a process that it left behind holds it open: 5,000. */
  readonly drain: number;
}

export interface PlayOptions {
  readonly job: Job;
  readonly event: PlayedEvent;
  /** Path of the hook's `.js` file. */
  readonly hook: string;
  /**
   * Added to the hook's own environment, as the operator's settings of a runner are: `AIRLOCK_*`, and
   * ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN, which reach the hook only when the job may ask for an id token.
   */
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly vars: Readonly<Record<string, string>>;
  /** By default every needed job succeeded and has no outputs. */
  readonly needs?: Readonly<Record<string, NeededJob>>;
  /** An existing folder; the runner's own root is made inside it. Whoever made it deletes it. */
  readonly tempDir: string;
  readonly onOutput: (line: RunnerLine) => void;
  /** Cancels the job, as the button on GitHub does. */
  readonly signal?: AbortSignal;
  /** `always`: the job has an id token whatever its `permissions:` say, as in the recordings. */
  readonly idToken?: 'permissions' | 'always';
  /** Actions of other repositories: `fail` as airlock's runner does, which downloads none; `skip` the step. */
  readonly actions?: 'fail' | 'skip';
  readonly runnerName?: string;
  readonly limits?: Partial<Limits>;
}

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly message: string;
  readonly title?: string;
  readonly file?: string;
  readonly line?: string;
}

export interface StepRef {
  /** From 1, in GitHub's order: `Set up job` is the first. */
  readonly number: number;
  readonly name: string;
}

/** One line as GitHub's job log would show it. `command`: a workflow command that the log repeats. */
export interface RunnerLine {
  readonly kind: 'plain' | 'group' | 'endgroup' | 'command' | 'error' | 'warning' | 'notice' | 'debug';
  readonly text: string;
  readonly annotation?: Annotation;
  readonly step: StepRef;
}

export type Conclusion = 'success' | 'failure' | 'cancelled' | 'skipped';

export interface StepResult extends StepRef {
  /** Empty for the runner's own steps. */
  readonly id: string;
  /** Whose step: `workflow`, or the runner's own (`Initialize containers`, ...). */
  readonly from: 'runner' | 'workflow';
  /** Before continue-on-error. */
  readonly outcome: Conclusion;
  readonly conclusion: Conclusion;
  readonly outputs: Readonly<Record<string, string>>;
  readonly annotations: readonly Annotation[];
  /** Markdown, as it would be uploaded. */
  readonly summary: string;
}

export type HookCommand = 'prepare_job' | 'run_script_step' | 'run_container_step' | 'cleanup_job';

/** One hook process, as the recordings hold it. */
export interface HookCall {
  readonly command: HookCommand;
  readonly input: unknown;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** The regular files in RUNNER_TEMP when the process started: name and text. */
  readonly files: Readonly<Record<string, string>>;
  /** null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly step: StepRef;
}

export interface JobResult {
  readonly name: string;
  readonly conclusion: Conclusion;
  readonly steps: readonly StepResult[];
  readonly outputs: Readonly<Record<string, string>>;
  /** Of all steps. */
  readonly annotations: readonly Annotation[];
  /** Of all steps, in their order. */
  readonly summary: string;
  readonly calls: readonly HookCall[];
}
