// Every wait of the Docker cells in one place. All can be set.

/** Milliseconds. */
export interface DockerTiming {
  /** A question to the engine. */
  readonly call: number;
  readonly create: number;
  readonly attach: number;
  /** The engine answers once the process runs. */
  readonly start: number;
  /** All tries to remove a cell together: long enough for an engine that is being restarted. */
  readonly remove: number;
  /** Between two tries, at most. */
  readonly retry: number;
  /** Between two looks whether cells could be started. */
  readonly recheck: number;
  /** A cell whose output has ended is shown as running for a moment. After this its connection counts as lost. */
  readonly settle: number;
  /** How long an engine that went away is asked how a cell ended. Below the 5 s that the gate gives a silent cell. */
  readonly back: number;
}

export const defaultDockerTiming: DockerTiming = {
  call: 10_000,
  create: 30_000,
  attach: 10_000,
  start: 60_000,
  remove: 60_000,
  retry: 1_000,
  recheck: 5_000,
  settle: 1_000,
  back: 4_000,
};
