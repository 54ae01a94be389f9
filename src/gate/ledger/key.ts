// Which job a record belongs to. GitHub's own identifiers, never names; without check_run_id (GitHub Enterprise Server, or
// a runner whose word is taken) the runner's identity stands in for the job (PROTOCOL.md, Ledger).

import { createHash } from 'node:crypto';
import type { Claims } from '../../policy/index.ts';
import type { RunnerIdentity } from '../identity/runner.ts';

export interface JobKey {
  readonly repositoryId: string;
  readonly runId: string;
  readonly runAttempt: string;
  /** `c<check run id>`, or `r<32 hex of the runner's id>`. */
  readonly job: string;
}

const keyText = /^([0-9]{1,20})\.([0-9]{1,20})\.([0-9]{1,20})\.(c[0-9]{1,20}|r[0-9a-f]{32})$/;

const standIn = (runner: RunnerIdentity): string =>
  `r${createHash('sha256').update(runner.id).digest('hex').slice(0, 32)}`;

export function jobKeyOf(claims: Claims, runner: RunnerIdentity): JobKey {
  const { repositoryId, runId, runAttempt, checkRunId } = claims;
  return { repositoryId, runId, runAttempt, job: checkRunId === undefined ? standIn(runner) : `c${checkRunId}` };
}

/** @returns null: no such text */
export function parseJobKey(text: string): JobKey | null {
  const [, repositoryId, runId, runAttempt, job] = keyText.exec(text) ?? [];
  if (repositoryId === undefined || runId === undefined || runAttempt === undefined || job === undefined) return null;
  return { repositoryId, runId, runAttempt, job };
}

/** The key as text that is also a file's and a ConfigMap's name. */
export const jobKeyText = ({ repositoryId, runId, runAttempt, job }: JobKey): string =>
  `${repositoryId}.${runId}.${runAttempt}.${job}`;
