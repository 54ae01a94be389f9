// Every wait and every bound of the hook in one place. A workflow reaches none of them; tests shorten them.

/** Milliseconds, but for `challenges` and `document`. */
export interface Limits {
  /** The runner's document on stdin. */
  readonly stdin: number;
  /** One short call to the gate, or one try of the id token's endpoint. */
  readonly call: number;
  /** First pause before a call is tried again, and the longest; it doubles in between. */
  readonly retry: number;
  readonly retryMost: number;
  /** Between two tries while the gate that answers is not the holder (PROTOCOL.md, Calls). */
  readonly standby: number;
  /** How long a gate is looked for before it counts as lost (DESIGN.md, `limits.reconnect`). */
  readonly reconnect: number;
  /** How long a stream of events may be without a byte; the gate pings each 10 s. */
  readonly silent: number;
  /** How long GitHub may say that the job is not in progress yet. */
  readonly idToken: number;
  /** How often a challenge that the gate calls stale is asked for again. */
  readonly challenges: number;
  /** From the first signal to the decision to leave: SIGTERM follows SIGINT after 7.5 s (contract/README.md, Cancel). */
  readonly leave: number;
  /** How long the log's reader may take for the last lines then. */
  readonly lastWords: number;
  /** Closing a session: nothing waits for it, the gate has a clock of its own. */
  readonly cleanup: number;
  /** First and longest pause between two lines that say what is awaited. */
  readonly progress: number;
  readonly progressMost: number;
  /** Bytes of any one document: a step's text, a call (PROTOCOL.md, Calls), an answer, the summary. */
  readonly document: number;
}

export const defaultLimits: Limits = {
  stdin: 10_000,
  call: 10_000,
  retry: 100,
  retryMost: 2_000,
  standby: 50,
  reconnect: 300_000,
  silent: 30_000,
  idToken: 15_000,
  challenges: 3,
  leave: 6_000,
  lastWords: 500,
  cleanup: 5_000,
  progress: 10_000,
  progressMost: 300_000,
  document: 65_536,
};
