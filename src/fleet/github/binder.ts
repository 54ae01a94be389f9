// `identity.bind: github`: GitHub itself says on which runner a job runs. A job's id is its check run's, which the token
// names; runner and run are compared, so that nothing but this very job on this very runner will do.

import { setTimeout as sleep } from 'node:timers/promises';
import { type JobBinder, notOnRunner } from '../../gate/index.ts';
import type { Claims } from '../../policy/index.ts';
import type { GitHub } from './client.ts';
import type { JobAnswer } from './answers.ts';

export interface GitHubBinderOptions {
  /** GitHub's number of a runner that the fleet made; null: not one of the fleet's, so its name alone is compared. */
  readonly registrationOf?: ((runner: string) => number | null) | undefined;
  /** Milliseconds between two looks at a job that no runner has yet. */
  readonly again?: number | undefined;
}

const elsewhere = (): Error => notOnRunner('the job that this token proves runs on another runner');

/** GitHub has begun the job and may not show it yet. */
const unassigned = ({ runner_id, runner_name }: JobAnswer): boolean =>
  runner_id === null || runner_id === 0 || runner_name === null || runner_name === '';

function check(job: JobAnswer, { checkRunId, runId, runAttempt }: Claims, name: string, registration: number | null) {
  if (String(job.id) !== checkRunId) throw elsewhere();
  if (String(job.run_id) !== runId || String(job.run_attempt) !== runAttempt) throw elsewhere();
  if (job.runner_name !== name) throw elsewhere();
  if (registration !== null && job.runner_id !== registration) throw elsewhere();
  if (job.status === 'completed') throw notOnRunner('the job that this token proves has ended');
}

export function githubBinder(github: Pick<GitHub, 'job'>, options: GitHubBinderOptions = {}): JobBinder {
  const { registrationOf = () => null, again = 500 } = options;
  return {
    kind: 'github',
    async check(claims, runner, signal) {
      const { checkRunId, repository } = claims;
      if (checkRunId === undefined)
        throw notOnRunner('the token names no check run, so nobody can say where its job runs');
      for (;;) {
        const job = await github.job(repository, checkRunId, signal);
        if (job === null) throw new Error(`GitHub shows no job ${checkRunId}; the App needs actions: read for it`);
        if (!unassigned(job)) return check(job, claims, runner.id, registrationOf(runner.id));
        await sleep(again, undefined, { signal });
      }
    },
  };
}
