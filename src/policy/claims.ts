// What GitHub's signed token says of a job, typed: the only facts that a decision is made on (THREATS.md section 4.2).

/** All identifiers are decimal text, as GitHub writes them. */
export interface Claims {
  /** `owner/name`; compared and shown, never relied on alone. */
  readonly repository: string;
  readonly repositoryId: string;
  readonly visibility: 'public' | 'private' | 'internal';
  /** Full ref. */
  readonly ref: string;
  readonly refProtected: boolean;
  /** The commit, lower hex. */
  readonly sha: string;
  readonly eventName: string;
  readonly actor: string;
  readonly runId: string;
  readonly runAttempt: string;
  /** Absent on GitHub Enterprise Server. */
  readonly checkRunId?: string | undefined;
  /** `owner/name/.github/workflows/file.yml@ref` of the workflow that runs. */
  readonly workflowRef: string;
  /** The same of the reusable workflow that holds the job. */
  readonly jobWorkflowRef?: string | undefined;
  /** Name of the environment that GitHub let the job into. */
  readonly environment?: string | undefined;
}
