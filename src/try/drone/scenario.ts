// What happens to the builds of one repository, told before they happen. Every time is in milliseconds and is multiplied by
// the server's `timeScale`. What is left out has a value that makes a green build in well under a second.

/** What the runner reports of a step or a stage at its end. */
export type EndStatus = 'success' | 'failure' | 'killed' | 'skipped' | 'error';

/** What a process writes: each string or block of bytes is one write, taken as it is. Nothing is added, no newline either. */
export type Output = readonly (string | Uint8Array)[] | (() => Iterable<string | Uint8Array>);

export interface StepScenario {
  name: string;
  /**
   * The writes of the step's process, e.g. `['+ make\n', 'built\n']`. Log entries are made of them as the runner makes them (see
   * StepLog). A list is spread over the step's time; of a function 2,000 writes are taken at once, and with `ms: Infinity`
   * one each 20 ms. Without it: no output, the stored log is `null` (recording 42).
   */
  lines?: Output;
  /** How long the process lives. Default 30; Infinity: until it is cancelled. */
  ms?: number;
  /** Default success. `killed` is what the repository's time limit does (recording 34). */
  status?: EndStatus;
  /** Default 0 for success and skipped, 137 for killed, 255 for error, else 1. */
  exitCode?: number;
  /** Shown for status `error`. */
  error?: string;
  /** Runs although a step before it failed (`when: status: failure`); every other step is then skipped. */
  onFailure?: boolean;
  /** Starts together with the step before it (`depends_on` of steps). */
  alongside?: boolean;
  /** `failure: ignore`: its failure does not count. */
  ignoreFailure?: boolean;
}

export interface StageScenario {
  name: string;
  steps: StepScenario[];
  /** Instead of what the steps add up to. */
  status?: string;
  /** The runner refuses the stage before any step exists (recording 18): status `error`, exit code 255. */
  error?: string;
  /** A validator plugin says `block`: waits for approve, decline or cancel. */
  blocked?: boolean;
  /** Names of stages that have to end first. */
  dependsOn?: string[];
  /** Runs although a stage that it depends on did not succeed (`trigger: status: [success, failure]`). */
  onFailure?: boolean;
  /** No runner serves this stage: it stays pending (recording 64). */
  noRunner?: boolean;
  labels?: Record<string, string>;
  /** `concurrency: limit`; only shown. */
  limit?: number;
  type?: string;
  os?: string;
  arch?: string;
}

/**
 * How a trigger is answered. "before" and "after" tell whether the build exists: before means that none was made.
 * - `null`: 200 and no build (11) · `yaml-error`, `{ yamlError }`: 200 and a build that has ended already (12)
 * - `config-empty`, `config-missing`: 500, no build (12, 13; missing takes `slowMs`) · `html`: 200 and a page, no build (03)
 * - `not-found`, `unauthorized`: 404 and 401 as for a caller without rights (15) · `{ scm }`: 404 with the SCM's message (22)
 * - `slow`: the build is made at once and answered after `slowMs`; `slow-before`: it is made after `slowMs`, if the caller is still there
 * - `redirect-301`, `redirect-307`: to the same server; 307 without the query (66, 67)
 */
export type TriggerFault =
  | 'ok'
  | 'null'
  | 'yaml-error'
  | 'config-empty'
  | 'config-missing'
  | 'html'
  | 'not-found'
  | 'unauthorized'
  | 'hang-up-before'
  | 'hang-up-after'
  | 'status-500-before'
  | 'status-500-after'
  | 'slow'
  | 'slow-before'
  | 'redirect-301'
  | 'redirect-307'
  | { yamlError: string }
  | { scm: string };

/**
 * How the live stream of a running step behaves. `complete` shows every line, whatever its number, and ends with `eof` at the
 * step's end.
 * - `as-measured`: as the real one: of one batch no more than 5,000 lines, nothing more once the log is over 5 MB (40, 41)
 * - `lossy`: of each batch the second half is lost, of the last one at least one line, so the end is always missing (49)
 * - `eof-at-once`: ends as soon as it is opened, while the step runs (59) · `never-ends`: stays open after the step's end (36, 61)
 * - `silent`: opens, shows no line, ends with the step
 */
export type StreamMode = 'complete' | 'as-measured' | 'lossy' | 'eof-at-once' | 'never-ends' | 'silent';

/**
 * What a DELETE of a running build reaches. The answer is the same in all: 200, the build is killed.
 * - `honoured`: the process dies at once, its log is stored · `lost`: it goes on to its end, no later step runs (62)
 * - `by-the-clock`: lost in the last quarter of each 40 s (scaled) since the stage's start, else honoured (38)
 * - `conflict-once`: the first DELETE of a build is 409 and changes nothing, the next is honoured
 */
export type CancelMode = 'honoured' | 'lost' | 'by-the-clock' | 'conflict-once';

export interface DroneScenario {
  /** None: no pipeline matched, a trigger is answered by `null`. */
  stages: StageScenario[];
  /** How long a build stays pending before a runner takes it. Default 30; Infinity: for ever. */
  pendingMs?: number;
  /** Default ok. A function gets the number of the trigger for this repository, from 1. */
  trigger?: TriggerFault | ((nth: number) => TriggerFault);
  /** Of the slow ways to answer. Default 300. */
  slowMs?: number;
  /** Default complete. */
  stream?: StreamMode;
  /** Default honoured. */
  cancel?: CancelMode;
  /** The build that is made and answered is not the one that was asked for. */
  wrongAnswer?: { after?: string; params?: Record<string, string>; trigger?: string };
}

/** What a scenario may depend on. */
export interface PlannedBuild {
  number: number;
  event: 'custom' | 'promote' | 'rollback';
  params: Readonly<Record<string, string>>;
  after: string;
  ref: string;
  deployTo?: string;
}

/** Default exit code of a step that ends with this status. */
export function exitCodeOf(status: string): number {
  if (status === 'success' || status === 'skipped') return 0;
  if (status === 'killed') return 137;
  return status === 'error' ? 255 : 1;
}
