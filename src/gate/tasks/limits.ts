// The policy's limits as a pure function of what the ledger holds. Each has a code of its own and says when a new try
// makes sense. An unreadable record counts as a task that was started.

import type { Limits } from '../../policy/index.ts';
import { Refusal, type RefusalCode } from '../../protocol/index.ts';
import { type JobKey, jobKeyText, parseJobKey } from '../ledger/key.ts';
import type { Stored } from '../ledger/ledger.ts';
import type { LedgerRecord } from '../ledger/record.ts';

const hour = 3_600_000;

function refusal(code: RefusalCode, rule: string, message: string, fix: string): Refusal {
  return new Refusal({ code, rule, message, fix, status: 403 });
}

/** The job of a slot, readable or not. */
export const jobOf = (one: Stored): string => ('record' in one ? jobKeyText(one.record.key) : one.job);
export const slotOf = (one: Stored): number => ('record' in one ? one.record.slot : one.slot);

const runOf = (one: Stored): string | undefined =>
  'record' in one ? one.record.key.runId : parseJobKey(one.job)?.runId;

const isOpen = (one: Stored): boolean => !('record' in one) || one.record.phase !== 'ended';

const tasks = (count: number): string => (count === 1 ? '1 task' : `${count} tasks`);

/** When the oldest of the last `max` decisions is an hour old, as a clock shows it. */
function freeAt(records: readonly LedgerRecord[], max: number): string {
  const decided = records.map((record) => record.decided).sort((a, b) => a - b);
  const oldest = decided[Math.max(0, decided.length - max)] ?? 0;
  return `${new Date(oldest + hour).toISOString().slice(11, 19)} UTC`;
}

/**
 * @param stored everything that the ledger holds of the job's repository
 * @param now milliseconds since the epoch
 * @returns null: the job may have one more task
 */
export function limitReached(key: JobKey, stored: readonly Stored[], limits: Limits, now: number): Refusal | null {
  const job = jobKeyText(key);
  const ofJob = stored.filter((one) => jobOf(one) === job).length;
  const ofRun = stored.filter((one) => runOf(one) === key.runId).length;
  const open = stored.filter(isOpen).length;
  const recent = stored.flatMap((one) => ('record' in one && one.record.decided > now - hour ? [one.record] : []));
  const { atOnce, perHour } = limits.perRepository;

  if (ofJob >= limits.tasksPerJob)
    return refusal(
      'tasks-per-job',
      'limits.tasksPerJob',
      `this job has had ${tasks(ofJob)}, and a job may have ${limits.tasksPerJob}`,
      're-run the job for another try, or use one job for each task',
    );
  if (ofRun >= limits.tasksPerRun)
    return refusal(
      'tasks-per-run',
      'limits.tasksPerRun',
      `this run has had ${tasks(ofRun)} in all its attempts, and a run may have ${limits.tasksPerRun}`,
      'start a new run, or ask the operator for a higher limit',
    );
  if (open >= atOnce)
    return refusal(
      'repository-at-once',
      'limits.perRepository.atOnce',
      `this repository has ${tasks(open)} that have not ended, and it may have ${atOnce} at once`,
      'try again when one of them has ended',
    );
  if (recent.length >= perHour)
    return refusal(
      'repository-per-hour',
      'limits.perRepository.perHour',
      `this repository has had ${tasks(recent.length)} within an hour, and it may have ${perHour}`,
      `try again after ${freeAt(recent, perHour)}`,
    );
  return null;
}
