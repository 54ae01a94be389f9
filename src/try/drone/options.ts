// What the simulated Drone is made of, and what a test or the demo can see and do.

import type { DroneScenario, PlannedBuild } from './scenario.ts';
import type { Wait } from './wait.ts';

export interface SimulatedUser {
  login: string;
  token: string;
  /** An administrator of the server: may everything, everywhere. */
  admin?: boolean;
  machine?: boolean;
  /** Repositories (`owner/name`) with the right to administer, to write, to read; each includes the next. */
  own?: string[];
  write?: string[];
  read?: string[];
}

export interface SimulatedRepository {
  slug: string;
  /** Default true. False: disabled; it builds all the same (recording 16). */
  active?: boolean;
  /** Synced but never enabled: a trigger is 404 (recording 16). */
  neverEnabled?: boolean;
  protected?: boolean;
  visibility?: 'public' | 'private';
  /** Minutes, only shown. Default 60. */
  timeout?: number;
  /** Default main. */
  defaultBranch?: string;
  /** Branch, or full ref, to the commit that a trigger without `commit` builds. Default: the default branch, at a commit of ones. */
  head?: Record<string, string>;
  /** Which full commit ids the SCM knows. Default any. */
  knownCommits?: string[] | 'any';
  /** Number of the newest build at the start. Default 0. */
  counter?: number;
  /** How often its row was changed, as it is shown at the start. Default: as often as the options above and `counter` say. */
  version?: number;
  /** What else is shown of it, in place of a plain repository's. */
  shown?: Partial<RepositorySettings>;
  /**
   * Asked whenever a user's permission row is looked at. True: it was due to be refreshed, and the SCM refused that: 404 even for
   * who may (recording 22).
   */
  refreshFails?: () => boolean;
  scenario: DroneScenario | ((build: PlannedBuild) => DroneScenario);
}

/** Only shown: nothing that is simulated depends on them. */
interface RepositorySettings {
  scm: string;
  config_path: string;
  trusted: boolean;
  ignore_forks: boolean;
  ignore_pull_requests: boolean;
  auto_cancel_pull_requests: boolean;
  auto_cancel_pushes: boolean;
  auto_cancel_running: boolean;
  archived: boolean;
}

/** One request that came in; `status` as soon as it is answered. */
export interface JournalEntry {
  method: string;
  /** As sent, without the query. */
  path: string;
  /** First value of each key; no prototype. */
  query: Record<string, string>;
  /** Login; absent: a guest. */
  user?: string;
  /** Milliseconds since 1970. */
  at: number;
  status?: number;
}

/**
 * In place of Drone's answer, whatever the route: what a proxy, a network or a server in trouble does. The request has no effect.
 * `hang`: accepted and never answered. `hang-up`: the connection is cut. `delayMs`: answered as usual, later (scaled).
 */
export type Disturbance =
  | 'hang'
  | 'hang-up'
  | { status: number; body?: string; contentType?: string; headers?: Record<string, string> }
  | { delayMs: number };

export interface SimulatedDroneOptions {
  users: SimulatedUser[];
  repositories: SimulatedRepository[];
  /** PEM. With it the server speaks HTTPS, and answers plain HTTP with 400 as Go does (recording 67). */
  tls?: { key: string; cert: string };
  /** Default 127.0.0.1. */
  host?: string;
  /** Default: a free one. */
  port?: number;
  /** What `url` says, when clients know the server by another name. */
  publicUrl?: string;
  /** Multiplies every time of the scenarios. Default 1. */
  timeScale?: number;
  /** Keep-alive comments of the streams. Default 30,000 ms, not scaled. */
  pingMs?: number;
  /** How long a batch of lines waits for a reader that does not read, before it is skipped. Default 5,000 ms. */
  slowReaderMs?: number;
  /** Asked for each request. */
  disturb?: (request: Readonly<JournalEntry>) => Disturbance | undefined;
  /** In place of real time: every step of a build's life waits here. For tests that turn the wheel themselves. */
  wait?: Wait;
}

export interface SimulatedStep {
  number: number;
  name: string;
  status: string;
  exitCode: number;
  started: number;
  stopped: number;
  /** Log entries so far. */
  entries: number;
  /** Whether its process lives, whatever the status says: a lost cancel leaves it running. */
  alive: boolean;
  /** Whether the stored log can be read. */
  stored: boolean;
}

export interface SimulatedStage {
  number: number;
  name: string;
  status: string;
  started: number;
  stopped: number;
  steps: SimulatedStep[];
}

/** A copy of a build as it is now. Times are unix seconds, 0: not yet. */
export interface SimulatedBuild {
  id: number;
  number: number;
  parent?: number;
  status: string;
  event: string;
  action: string;
  message: string;
  ref: string;
  after: string;
  params: Record<string, string>;
  trigger: string;
  sender: string;
  deployTo?: string;
  created: number;
  started: number;
  finished: number;
  stages: SimulatedStage[];
}

/** A build that nobody triggered: another one's, an older one, one of another event. Ended unless it says otherwise. */
export interface PlantedBuild {
  /** It lives as the repository's scenario says, from now on; `status` and `error` are then the scenario's. */
  lives?: boolean;
  /** Default: the next one. */
  number?: number;
  status?: string;
  event?: string;
  ref?: string;
  after?: string;
  params?: Record<string, string>;
  trigger?: string;
  sender?: string;
  parent?: number;
  deployTo?: string;
  message?: string;
  error?: string;
  /** How often its row was written. Default: as often as that of a build with this status. */
  version?: number;
  /** Unix seconds; default: now. */
  created?: number;
}

export interface SimulatedDrone {
  readonly url: string;
  /** The last 1,000 requests, oldest first. */
  readonly requests: readonly JournalEntry[];
  /** All builds of a repository, oldest first. */
  readonly builds: (slug: string) => SimulatedBuild[];
  /** Puts a build into the list; nothing happens to it, unless it lives. */
  readonly plantBuild: (slug: string, build?: PlantedBuild) => SimulatedBuild;
  /** Numbers get lost (a trigger that failed late): the next build has this one, if it is not taken. */
  readonly skipNumbers: (slug: string, next: number) => void;
  /** An administrator pauses the queue (recording 63): builds stay pending until `resume`. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** `kill -9` of the runner (recording 61): what runs stays running for good; later builds find a new runner. */
  readonly killRunner: () => void;
  /** The server goes: connections are cut, new ones refused. Builds go on. */
  readonly stop: () => Promise<void>;
  /** It comes back at the same address; streams of steps that run now end at once (recording 59). */
  readonly start: () => Promise<void>;
  readonly restart: () => Promise<void>;
  /** Ends everything, builds too. */
  readonly close: () => Promise<void>;
}
