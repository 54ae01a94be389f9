// What an operator says of the fleet.

import type { RunnerLimits } from './specification.ts';

export interface FleetSettings {
  /** Name of the runner group. */
  readonly group: string;
  readonly labels: readonly string[];
  readonly idle: number;
  readonly max: number;
  /** `name@sha256:…` or `sha256:<image id>`. Never pulled. */
  readonly image: string;
  /** Name of the runners' one network. */
  readonly network: string;
  readonly proxy?: string | undefined;
  readonly idTokenHost?: string | undefined;
  /** Milliseconds: the longest that a runner may wait for a job, and the longest that a job may take. */
  readonly deadline: number;
  readonly limits: RunnerLimits;
  /** Folder of the runners' sockets, under the same path in the gate and on the engine's machine. */
  readonly folder: string;
}
