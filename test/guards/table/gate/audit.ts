import { type Guard, guardsOf } from '../../guard.ts';

// The operator's records: what is in them, and what never is.

const tasks = 'test/gate/tasks.test.ts';

export const guards: readonly Guard[] = [
  ...guardsOf(
    'gate',
    'src/gate/audit.ts',
    ['test/gate/audit.test.ts'],
    [
      {
        rule: 'the audit file is not opened through a link',
        find: 'O_APPEND | O_CREAT | O_NOFOLLOW | O_RDWR',
        replace: 'O_APPEND | O_CREAT | O_RDWR',
      },
      {
        rule: 'the audit file is appended to',
        find: 'O_APPEND | O_CREAT | O_NOFOLLOW | O_RDWR',
        replace: 'constants.O_TRUNC | O_CREAT | O_NOFOLLOW | O_RDWR',
      },
      {
        rule: 'the audit file is for the operator alone',
        find: 'O_APPEND | O_CREAT | O_NOFOLLOW | O_RDWR, 0o600',
        replace: 'O_APPEND | O_CREAT | O_NOFOLLOW | O_RDWR, 0o644',
      },
      {
        rule: 'a line that cannot be written is a failure',
        code: 'audit-failed',
        find: 'for (const { fail } of batch)\n',
        replace: 'for (const { done: fail } of batch)\n',
      },
      {
        rule: 'half a line that was left does not spoil the next one',
        find: "${inside ? '\\n' : ''}",
        replace: '',
      },
    ],
  ),
  ...guardsOf(
    'gate',
    'src/gate/tasks/task.ts',
    [tasks],
    [
      {
        rule: 'values of parameters never reach the audit log',
        find: 'const all = Object.keys(params);',
        replace: 'const all = Object.values(params).map((value) => value.toUpperCase());',
        only: 'neither tokens nor the values of parameters',
      },
      {
        rule: 'names in the audit log have the form of a name',
        find: 'all.filter((name) => paramName.test(name))',
        replace: "all.filter((name) => name !== '' || paramName.test(name))",
        tests: ['test/gate/guards.test.ts'],
        only: 'tells of parameters only names that could be one',
      },
    ],
  ),
  ...guardsOf(
    'gate',
    'src/gate/log.ts',
    ['test/gate/guards.test.ts'],
    [
      {
        rule: "secrets are redacted in the operator's log, one level deep too",
        find: 'secret.flatMap((name) => [name, `*.${name}`])',
        replace: 'secret.flatMap((name) => [`${name}.${name}`])',
      },
    ],
  ),
  ...guardsOf(
    'gate',
    'src/gate/limit.ts',
    ['test/gate/guards.test.ts'],
    [
      {
        rule: 'nothing is waited for without a limit',
        find: "timer = setTimeout(done, ms, 'late' as const);",
        replace: "timer = setTimeout(done, Math.min(ms * 1e6, 2e9), 'late' as const);",
      },
    ],
  ),
];
