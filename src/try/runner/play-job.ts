// Plays a job as GitHub's runner would run it on a machine with container hooks: nothing of it is executed here, every
// step becomes a call of the hook.

import { evaluateCondition, type Status } from '../workflow/index.ts';
import { startClock } from './clock.ts';
import { completeJob, initializeContainers, setUpJob, stopContainers } from './job-steps.ts';
import { createRun, type Run } from './run.ts';
import { scopeOf } from './scope.ts';
import type { Conclusion, JobResult, PlayOptions } from './types.ts';
import { playWorkflowStep } from './workflow-step.ts';

/** GitHub's default for `jobs.<id>.timeout-minutes`. */
const jobMinutes = 360;

function resultOf(run: Run, conclusion: Conclusion, outputs: Readonly<Record<string, string>>): JobResult {
  const { results, calls, job } = run;
  return {
    name: job.displayName,
    conclusion,
    steps: results,
    outputs,
    annotations: results.flatMap(({ annotations }) => annotations),
    summary: results
      .map(({ summary }) => summary)
      .filter((summary) => summary !== '')
      .join('\n'),
    calls,
  };
}

/** success() and failure() of a job's own `if:` are about the jobs that it needs. */
function statusOfNeeds(run: Run): Status {
  const results = Object.values(run.needs).map(({ result }) => result);
  if (results.includes('failure')) return 'failure';
  // A needed job that was cancelled or skipped makes both success() and failure() false.
  return results.every((result) => result === 'success') ? 'success' : 'cancelled';
}

/** @returns the reason, once the job was cancelled or its time was over */
function watchForEnd(run: Run): { readonly note: () => string | null; readonly stop: () => void } {
  const { signal } = run.options;
  let note: string | null = null;
  const cancel = () => {
    if (run.status === 'cancelled') return;
    run.status = 'cancelled';
    run.onCancel();
  };
  const stopClock = startClock(run, run.job.timeout, jobMinutes, run.env, (minutes) => {
    note = `The job running on runner ${run.runner.get('name') ?? ''} has exceeded the maximum execution time of ${minutes} minutes.`;
    cancel();
  });
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted === true) cancel();
  return {
    note: () => note,
    stop: () => {
      stopClock();
      signal?.removeEventListener('abort', cancel);
    },
  };
}

async function playSteps(run: Run): Promise<number> {
  let number = 1;
  const containers = await setUpJob(run, number);
  if (containers === null) return number;
  await initializeContainers(run, ++number, containers);
  for (const step of run.job.steps) await playWorkflowStep(run, step, ++number);
  // Registered before prepare_job is called, so it comes even when that was refused.
  await stopContainers(run, ++number);
  return number;
}

/**
 * @returns how the job ended, and every call that was made of the hook
 * @throws {Error} the job's own `if:` or `timeout-minutes:` cannot be evaluated; everything later fails a step instead
 */
export async function playJob(options: PlayOptions): Promise<JobResult> {
  const run = createRun(options);
  run.status = statusOfNeeds(run);
  if (!evaluateCondition(run.job.condition, scopeOf(run))) return resultOf(run, 'skipped', {});
  run.status = 'success';
  const end = watchForEnd(run);
  try {
    const number = await playSteps(run);
    const outputs = await completeJob(run, number + 1, end.note());
    return resultOf(run, run.status, outputs);
  } finally {
    end.stop();
  }
}
