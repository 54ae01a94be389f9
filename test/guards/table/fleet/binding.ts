import { type Guard, guardsOf } from '../../guard.ts';

// identity.bind: github. GitHub says on which runner a job runs.

export const guards: readonly Guard[] = guardsOf(
  'fleet',
  'src/fleet/github/binder.ts',
  ['test/fleet/binder.test.ts'],
  [
    {
      rule: 'GitHub must have answered for this very job',
      code: 'job-not-on-runner',
      find: 'if (String(job.id) !== checkRunId) throw elsewhere();',
      replace: '',
    },
    {
      rule: 'the job must be of the run and the attempt that the token names',
      code: 'job-not-on-runner',
      find: 'if (String(job.run_id) !== runId || String(job.run_attempt) !== runAttempt) throw elsewhere();',
      replace: '',
    },
    {
      rule: 'the job must run on the runner of this name',
      code: 'job-not-on-runner',
      find: 'if (job.runner_name !== name) throw elsewhere();',
      replace: '',
    },
    {
      rule: 'the job must run on the runner of this number',
      code: 'job-not-on-runner',
      find: 'if (registration !== null && job.runner_id !== registration) throw elsewhere();',
      replace: '',
    },
    {
      rule: 'the job must not have ended',
      code: 'job-not-on-runner',
      find: "if (job.status === 'completed')",
      replace: "if (job.status === '')",
    },
    {
      rule: 'a token without a check run is bound to nothing',
      code: 'job-not-on-runner',
      find: 'if (checkRunId === undefined)',
      replace: "if (checkRunId === '')",
    },
  ],
);
