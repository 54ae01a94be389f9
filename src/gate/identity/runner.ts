// Who calls, by the way the call came: one unix socket per runner container, later a pod's projected token (DESIGN.md,
// Identity). Nothing in a call can change it.

export interface RunnerIdentity {
  /** Name of the socket, or of the pod with its uid. */
  readonly id: string;
  /** Whether the runner serves one job only. An ephemeral identity is bound to the first job that it proves. */
  readonly ephemeral: boolean;
}

const plainId = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,250}$/;

/** Runner ids go into ledger records and audit lines, so they are plain. */
export const isRunnerId = (text: string): boolean => plainId.test(text);
