// The rows of Drone's tables, as far as its API shows them. Times are unix seconds, 0: not yet.

import type { SimulatedRepository, SimulatedUser } from './options.ts';
import type { DroneScenario, StageScenario, StepScenario } from './scenario.ts';
import type { LiveLog } from './live-log.ts';
import type { StepLog } from './step-log.ts';

export interface UserRecord extends SimulatedUser {
  readonly id: number;
  readonly created: number;
}

export interface RepositoryRecord {
  readonly id: number;
  readonly options: SimulatedRepository;
  readonly slug: string;
  readonly owner: string;
  readonly name: string;
  readonly created: number;
  active: boolean;
  protected: boolean;
  timeout: number;
  /** False: synced only; has no owner, so it cannot build. */
  enabled: boolean;
  /** Number of the newest build. */
  counter: number;
  version: number;
  triggers: number;
  readonly builds: BuildRecord[];
}

export interface StepRecord {
  readonly id: number;
  readonly stageId: number;
  readonly number: number;
  readonly name: string;
  readonly scenario: StepScenario;
  readonly log: StepLog;
  readonly live: LiveLog;
  status: string;
  error: string;
  exitCode: number;
  started: number;
  stopped: number;
  version: number;
  alive: boolean;
  stored: boolean;
}

export interface StageRecord {
  readonly id: number;
  readonly number: number;
  readonly name: string;
  readonly scenario: StageScenario;
  status: string;
  error: string;
  exitCode: number;
  machine: string;
  started: number;
  stopped: number;
  readonly created: number;
  updated: number;
  version: number;
  steps: StepRecord[];
  /** Milliseconds since 1970 at which it started, for `by-the-clock`. */
  startedAt: number;
  /** Lets a blocked stage go on, or end. */
  release: () => void;
}

export interface BuildRecord {
  readonly id: number;
  readonly repository: RepositoryRecord;
  readonly number: number;
  readonly parent: number;
  readonly event: string;
  readonly action: string;
  readonly message: string;
  readonly after: string;
  readonly ref: string;
  readonly branch: string;
  readonly trigger: string;
  readonly sender: string;
  readonly deployTo: string;
  readonly params: Readonly<Record<string, string>>;
  readonly scenario: DroneScenario;
  readonly created: number;
  readonly stages: StageRecord[];
  status: string;
  error: string;
  started: number;
  finished: number;
  updated: number;
  version: number;
  conflicts: number;
  /** Aborted when the runner stops working on it: an honoured cancel, a runner that died, the end of the server. */
  readonly work: AbortController;
}

export function isDone(status: string): boolean {
  return !['pending', 'running', 'waiting_on_dependencies', 'blocked'].includes(status);
}

export function unixSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
