// The policy's limits, each with its own code, its allowed twin, and when a new try makes sense.

import { describe, expect, test } from 'vitest';
import type { LedgerRecord, Stored } from '../../src/gate/index.ts';
import { limitReached } from '../../src/gate/tasks/limits.ts';
import type { Limits } from '../../src/policy/index.ts';
import { waiting } from './support/records.ts';

const limits = { tasksPerJob: 1, tasksPerRun: 2, perRepository: { atOnce: 2, perHour: 3 } } as Limits;
const now = Date.parse('2030-01-01T12:00:00Z');
const minutes = (n: number): number => n * 60_000;
const key = { repositoryId: '123456', runId: '1', runAttempt: '1', job: 'c1' };

function record(more: Partial<LedgerRecord>, of: Partial<LedgerRecord['key']> = {}): Stored {
  const base: LedgerRecord = {
    ...waiting,
    decided: now - minutes(90),
    phase: 'ended',
    verdict: 'unknown',
    code: 'cell-lost',
  };
  return { record: { ...base, ...more, key: { ...key, ...of } } };
}
const open = { phase: 'building', verdict: null, code: null } as const;
const told = (stored: readonly Stored[], more: Partial<Limits> = {}): unknown => {
  const no = limitReached(key, stored, { ...limits, ...more }, now);
  return no === null ? null : [no.code, no.rule, no.message, no.fix];
};

describe('a job', () => {
  test('has its first task, and no second one', () => {
    expect(told([])).toBeNull();
    expect(told([record({}, { job: 'c2', runId: '9' })])).toBeNull();
    expect(told([record({})])).toEqual([
      'tasks-per-job',
      'limits.tasksPerJob',
      'this job has had 1 task, and a job may have 1',
      're-run the job for another try, or use one job for each task',
    ]);
    expect(told([record({})], { tasksPerJob: 2 })).toBeNull();
  });

  test('counts its record that cannot be read, and no other job pays for that', () => {
    expect(told([{ unreadable: 'x', job: '123456.1.1.c1', slot: 1 }])).toContain(
      'this job has had 1 task, and a job may have 1',
    );
    expect(told([{ unreadable: 'x', job: '123456.9.1.c9', slot: 1 }])).toBeNull();
    expect(told([8, 9].map((n) => ({ unreadable: 'x', job: `123456.1.1.c${n}`, slot: 1 })))).toContain(
      'limits.tasksPerRun',
    );
    expect(told([8, 9].map((n) => ({ unreadable: 'x', job: `123456.9.1.c${n}`, slot: 1 })))).toContain(
      'limits.perRepository.atOnce',
    );
  });
});

describe('a run', () => {
  test('has its tasks over all its attempts', () => {
    const earlier = [record({}, { job: 'c2', runAttempt: '1' }), record({}, { job: 'c3', runAttempt: '2' })];
    expect(told(earlier.slice(1))).toBeNull();
    expect(told(earlier)).toEqual([
      'tasks-per-run',
      'limits.tasksPerRun',
      'this run has had 2 tasks in all its attempts, and a run may have 2',
      'start a new run, or ask the operator for a higher limit',
    ]);
    expect(told(earlier.map((_one, at) => record({}, { job: `c${at + 2}`, runId: '9' })))).toBeNull();
  });
});

describe('a repository', () => {
  test('has no more tasks at once than it may, those that wait included', () => {
    const running = [
      record(open, { job: 'c2', runId: '2' }),
      record({ ...open, phase: 'waiting' }, { job: 'c3', runId: '3' }),
    ];
    expect(told(running.slice(1))).toBeNull();
    expect(told(running)).toEqual([
      'repository-at-once',
      'limits.perRepository.atOnce',
      'this repository has 2 tasks that have not ended, and it may have 2 at once',
      'try again when one of them has ended',
    ]);
  });

  test('has no more tasks in an hour than it may, and learns when it may again', () => {
    const recent = [50, 30, 10].map((ago, at) =>
      record({ decided: now - minutes(ago) }, { job: `c${at + 2}`, runId: String(at + 2) }),
    );
    expect(told([...recent.slice(1), record({ decided: now - minutes(61) }, { job: 'c9', runId: '9' })])).toBeNull();
    expect(told(recent)).toEqual([
      'repository-per-hour',
      'limits.perRepository.perHour',
      'this repository has had 3 tasks within an hour, and it may have 3',
      'try again after 12:10:00 UTC',
    ]);
  });
});
