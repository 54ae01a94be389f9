// A workflow as the runner's side needs it: what is known before the job starts is plain, what GitHub evaluates while the
// job runs stays a token of GitHub's grammar.

import type { EventsConfig } from '@actions/workflow-parser/model/workflow-template';
import type { MappingToken, TemplateToken } from '@actions/workflow-parser/templates/tokens/index';
import type { Value } from './value.ts';

export type Token = TemplateToken;

export interface Workflow {
  /** The file's name as it was given; used in messages. */
  readonly file: string;
  /** Path in the repository, `.github/workflows/<name>`; part of GITHUB_WORKFLOW_REF. */
  readonly path: string;
  /** `name:`, or else the path. */
  readonly name: string;
  /** The names under `on:`. */
  readonly events: readonly string[];
  readonly triggers: EventsConfig;
  readonly jobs: readonly JobSource[];
}

/** A job as it is written; a matrix makes several of one. */
export interface JobSource {
  readonly id: string;
  readonly name: Token | null;
  readonly needs: readonly string[];
  /** An expression that always holds a status function. */
  readonly condition: string;
  readonly hasContainer: boolean;
  /** Set for `uses:`: the job calls another workflow and has no steps of its own. */
  readonly calls: string | null;
  readonly strategy: Token | null;
  /** Evaluated in this order, later ones win: the workflow's, the job's. */
  readonly env: readonly Token[];
  readonly defaults: readonly Token[];
  readonly container: Token | null;
  readonly services: Token | null;
  readonly outputs: Token | null;
  /** The deployment environment, `environment:`. */
  readonly environment: Token | null;
  readonly timeout: Token | null;
  readonly steps: readonly Step[];
  /** `permissions: id-token: write` at the job, or at the workflow where the job says nothing. */
  readonly idToken: boolean;
}

export interface Step {
  /** The workflow's `id:`, or the name that GitHub gives: `__run`, `__run_2`, `__octo_action`. */
  readonly id: string;
  readonly condition: string;
  readonly name: Token | null;
  readonly run: Token | null;
  readonly uses: string | null;
  readonly with: MappingToken | null;
  readonly env: Token | null;
  readonly shell: Token | null;
  readonly workingDirectory: Token | null;
  readonly continueOnError: Token | null;
  readonly timeout: Token | null;
}

export interface Strategy {
  readonly failFast: boolean;
  readonly jobIndex: number;
  readonly jobTotal: number;
  readonly maxParallel: number;
}

/** One job to play: a job of the file with one combination of its matrix. */
export interface Job extends JobSource {
  readonly workflow: Workflow;
  /** What GitHub shows: the evaluated name, with the combination's values behind it. */
  readonly displayName: string;
  readonly matrix: ReadonlyMap<string, Value> | null;
  readonly strategyContext: Strategy;
}
