// Every wait of the Kubernetes cells in one place. All can be set.

/** Milliseconds. */
export interface KubernetesTiming {
  /** A question to the API server, its tries included. */
  readonly call: number;
  /** From the created pod to the attached container: scheduling, starting, attaching. */
  readonly start: number;
  /** Opening one attach connection. */
  readonly attach: number;
  /** Between two pings of an attached cell. */
  readonly pulse: number;
  /** Between two tries to attach to a container that does not run yet, as long as its pod changes. */
  readonly again: number;
  /** All tries to remove a pod together, with the proof that it is gone. */
  readonly remove: number;
  /** Between two tries of anything, at most. */
  readonly retry: number;
  /** Between two looks whether cells could be started. */
  readonly recheck: number;
  /** A pod's status follows the end of its process by up to a second (measured); after this the connection counts as lost. */
  readonly settle: number;
  /** How long an API server that went away is asked how a cell ended. Below the 5 s that the gate gives a silent cell. */
  readonly back: number;
}

export const defaultKubernetesTiming: KubernetesTiming = {
  call: 10_000,
  start: 55_000,
  attach: 10_000,
  pulse: 15_000,
  again: 25,
  remove: 60_000,
  retry: 1_000,
  recheck: 10_000,
  settle: 2_500,
  back: 4_000,
};
