// A job while it is played: what its steps share and change.

import { randomBytes, randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { Job, Json, Status } from '../workflow/index.ts';
import { githubFacts, runnerFacts, webhookPayload } from './facts.ts';
import { createLayout, type Layout } from './layout.ts';
import { createMasker, type Masker } from './masker.ts';
import { createStepLog, type StepLog } from './step-log.ts';
import type { Conclusion, HookCall, Limits, NeededJob, PlayOptions, StepResult } from './types.ts';

export interface IdTokenRequest {
  readonly url: string;
  readonly token: string;
}

export interface StepOutcome {
  readonly outputs: ReadonlyMap<string, string>;
  readonly outcome: Conclusion;
  readonly conclusion: Conclusion;
}

export interface Run {
  readonly options: PlayOptions;
  readonly job: Job;
  readonly limits: Limits;
  readonly layout: Layout;
  readonly masker: Masker;
  /** `secrets.GITHUB_TOKEN` */
  readonly token: string;
  readonly needs: Readonly<Record<string, NeededJob>>;
  readonly payload: { readonly [key: string]: Json };
  /** null: the job may not ask for an id token. */
  readonly idToken: IdTokenRequest | null;
  /** The operator's settings of the runner, without the id token's. */
  readonly settings: Readonly<Record<string, string>>;
  readonly trackingId: string;
  /** The `github` context's texts; grows and changes with the steps. */
  readonly github: Map<string, string>;
  readonly runner: ReadonlyMap<string, string>;
  /** The workflow's and the job's `env:`, and what steps have added by GITHUB_ENV. */
  readonly env: Map<string, string>;
  /** The last added path first. */
  readonly prependPath: string[];
  readonly outcomes: Map<string, StepOutcome>;
  readonly calls: HookCall[];
  readonly results: StepResult[];
  /** The `job` context's container and services, as prepare_job answered. */
  container: { readonly [key: string]: Json };
  services: { readonly [key: string]: Json };
  defaults: ReadonlyMap<string, string>;
  hookState: unknown;
  status: Status;
  /** Asked when the job is cancelled while a step runs. */
  onCancel: () => void;
}

const defaultLimits: Limits = { interrupt: 7_500, terminate: 2_500, minute: 60_000, drain: 5_000 };

const urlName = 'ACTIONS_ID_TOKEN_REQUEST_URL';
const tokenName = 'ACTIONS_ID_TOKEN_REQUEST_TOKEN';

export function createRun(options: PlayOptions): Run {
  const { job, event } = options;
  const { [urlName]: url, [tokenName]: requestToken, ...settings } = options.environment;
  const granted = options.idToken === 'always' || job.idToken;
  const idToken = granted && url !== undefined && requestToken !== undefined ? { url, token: requestToken } : null;
  const token = options.secrets['GITHUB_TOKEN'] ?? `ghs_${randomBytes(18).toString('hex')}`;
  const layout = createLayout(options.tempDir, event.repository);
  const needed: NeededJob = { result: 'success', outputs: {} };
  return {
    options: { ...options, hook: resolve(options.hook) },
    job,
    limits: { ...defaultLimits, ...options.limits },
    layout,
    masker: createMasker([
      ...Object.values(options.secrets),
      token,
      ...(requestToken === undefined ? [] : [requestToken]),
    ]),
    token,
    needs: Object.fromEntries(job.needs.map((id) => [id, options.needs?.[id] ?? needed])),
    payload: webhookPayload(event),
    idToken,
    settings,
    trackingId: `github_${randomUUID()}`,
    github: githubFacts(job, event, layout.workspace),
    runner: runnerFacts(options.runnerName ?? 'played-runner', layout),
    env: new Map(),
    prependPath: [],
    outcomes: new Map(),
    calls: [],
    results: [],
    container: {},
    services: {},
    defaults: new Map(),
    hookState: null,
    status: 'success',
    onCancel: () => {},
  };
}

export const openLog = (run: Run, number: number, name: string): StepLog =>
  createStepLog({ number, name }, run.masker, run.options.onOutput);
