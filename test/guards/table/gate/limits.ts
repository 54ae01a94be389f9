import { type Guard, guardsOf } from '../../guard.ts';

// How much, how often, how many at once.

export const guards: readonly Guard[] = guardsOf(
  'gate',
  'src/gate/tasks/limits.ts',
  ['test/gate/limits.test.ts'],
  [
    {
      rule: 'a job has as many tasks as it may',
      code: 'tasks-per-job',
      find: 'if (ofJob >= limits.tasksPerJob)',
      replace: 'if (ofJob > limits.tasksPerJob)',
    },
    {
      rule: 'a run has as many tasks as it may, over all its attempts',
      code: 'tasks-per-run',
      find: 'runOf(one) === key.runId)',
      replace: "runOf(one) === key.runId && jobOf(one).split('.')[2] === key.runAttempt)",
    },
    {
      rule: 'a run has as many tasks as it may',
      code: 'tasks-per-run',
      find: 'if (ofRun >= limits.tasksPerRun)',
      replace: 'if (ofRun > limits.tasksPerRun)',
    },
    {
      rule: 'a repository has as many tasks at once as it may',
      code: 'repository-at-once',
      find: 'if (open >= atOnce)',
      replace: 'if (open > atOnce)',
    },
    {
      rule: 'a repository has as many tasks an hour as it may',
      code: 'repository-per-hour',
      find: 'if (recent.length >= perHour)',
      replace: 'if (recent.length > perHour)',
    },
    {
      rule: 'a record that cannot be read counts as a task',
      code: 'tasks-per-job',
      find: 'stored.filter((one) => jobOf(one) === job)',
      replace: "stored.filter((one) => 'record' in one && jobOf(one) === job)",
    },
    {
      rule: 'a record that cannot be read counts as open',
      code: 'repository-at-once',
      find: "!('record' in one) || one.record.phase !== 'ended'",
      replace: "'record' in one && one.record.phase !== 'ended'",
    },
  ],
);
