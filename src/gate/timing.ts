// Every wait and every bound of the gate in one place. All can be set; the defaults are DESIGN.md's time budget.

import type { OrderLimits } from '../protocol/index.ts';

/** Milliseconds. */
export interface Timing {
  /** Life of a challenge. */
  readonly challenge: number;
  /** Oldest token that is taken, by its `iat`, and how far clocks may differ: together 90 s. */
  readonly tokenAge: number;
  readonly clockSkew: number;
  /** Key set: how long it counts as fresh, how soon an unknown key id may fetch it again, how soon a failed fetch is tried again, how long a fetch may take. */
  readonly keysAge: number;
  readonly keysCooldown: number;
  readonly keysRetry: number;
  readonly keysFetch: number;
  /** Asking on which runner a job runs, all tries together (`identity.bind`). */
  readonly bind: number;
  /** A task whose turn has come must prove again within this time. */
  readonly turn: number;
  /** An event stream's life and the pings within it. */
  readonly stream: number;
  readonly ping: number;
  /** How long the gate may be silent before a hook calls it lost; told to the hook. */
  readonly gateSilent: number;
  /** How long a runner may be silent before `whenLost` applies. */
  readonly runnerSilent: number;
  /** How long the gate waits for a runner that reads, before it takes more from the cell: without a sign, and in all. */
  readonly readerPatience: number;
  readonly readerBudget: number;
  /** How long an idle cell is kept before it is replaced. */
  readonly idleCell: number;
  readonly cellStart: number;
  /** How long an engine that is away is waited for when a cell is needed. */
  readonly engineBack: number;
  readonly cellRemove: number;
  /** How long the end of a cell's output and its own end may lie apart. */
  readonly apart: number;
  /** A lost cell: how soon it is looked for once more, at first and at most. */
  readonly rescue: number;
  readonly rescueMost: number;
  /** How often cells that nobody needs are looked for. */
  readonly orphans: number;
  /** Between two tests of the cells' network; sooner after one that could not be made or that found it open. */
  readonly selfTest: number;
  readonly selfTestRetry: number;
  /** From the start of a test's cell to what it found, and how long a call waits for the first test. */
  readonly probe: number;
  readonly admit: number;
  /** From the order to the cell's first word. */
  readonly firstEvent: number;
  /** Beyond the sum of an order's own limits. */
  readonly margin: number;
  /** A session that nobody uses. GitHub lets a job run for five days. */
  readonly session: number;
  /** The same before its job has proved itself, which a hook does at once. */
  readonly unproved: number;
  /** How long an ended task's events can still be read. */
  readonly keepEnded: number;
  /** How often all of the above is looked at. */
  readonly sweep: number;
  /** Reading a secret or writing an audit line: a disk that hangs must not hang the gate. */
  readonly disk: number;
  /** A graceful stop. */
  readonly stop: number;
  /** What a cell is told beside the policy's own limits. */
  readonly order: Pick<OrderLimits, 'call' | 'trigger' | 'lookup' | 'cancel' | 'poll' | 'lost'>;
}

export interface Bounds {
  readonly sessions: number;
  /** Tasks that wait for a place. */
  readonly waiting: number;
  /** Ended tasks whose events are kept. */
  readonly endedTasks: number;
  /** Bytes of log that are kept for a runner, per task. */
  readonly logBytes: number;
  /** Calls that a runner may make at once, event streams aside, and how many come back each second. */
  readonly calls: number;
  readonly callsPerSecond: number;
}

export const defaultTiming: Timing = {
  challenge: 120_000,
  tokenAge: 60_000,
  clockSkew: 30_000,
  keysAge: 600_000,
  keysCooldown: 30_000,
  keysRetry: 2_000,
  keysFetch: 10_000,
  bind: 15_000,
  turn: 30_000,
  stream: 25_000,
  ping: 10_000,
  gateSilent: 30_000,
  runnerSilent: 60_000,
  readerPatience: 500,
  readerBudget: 30_000,
  idleCell: 600_000,
  cellStart: 60_000,
  engineBack: 10_000,
  cellRemove: 15_000,
  apart: 5_000,
  rescue: 250,
  rescueMost: 5_000,
  orphans: 60_000,
  selfTest: 600_000,
  selfTestRetry: 15_000,
  probe: 60_000,
  admit: 5_000,
  firstEvent: 60_000,
  margin: 60_000,
  session: 5 * 24 * 3_600_000,
  unproved: 600_000,
  keepEnded: 600_000,
  sweep: 1_000,
  disk: 10_000,
  stop: 10_000,
  order: { call: 10_000, trigger: 75_000, lookup: 75_000, cancel: 60_000, poll: 2_000, lost: 600_000 },
};

export const defaultBounds: Bounds = {
  sessions: 1_000,
  waiting: 1_000,
  endedTasks: 1_000,
  logBytes: 262_144,
  calls: 2_000,
  callsPerSecond: 2,
};

/** Wall clock for what others see (tokens, records), monotonic clock for waits: a stepped clock must not end a job. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that only grow. */
  monotonic(): number;
}
export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
