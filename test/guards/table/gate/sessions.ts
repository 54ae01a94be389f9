import { type Guard, guardsOf } from '../../guard.ts';

// One job of one runner, for ever.

const calls = 'test/gate/direct-calls.test.ts';

const sessionsRules = guardsOf(
  'gate',
  'src/gate/sessions.ts',
  [calls],
  [
    {
      rule: "a session is its runner's only",
      code: 'session-unknown',
      find: 'session === undefined || session.runner.id !== runner.id',
      replace: 'session === undefined',
      only: 'session and task ids of another runner',
    },
    {
      rule: 'a runner has one open session',
      code: 'session-unknown',
      find: '      leave(runner);\n      makeRoom();',
      replace: '      makeRoom();',
      only: 'a static runner has one session at a time',
    },
    {
      rule: 'sessions that have proved nothing keep no job out',
      find: '      makeRoom();\n',
      replace: '',
      tests: ['test/gate/sessions.test.ts'],
    },
    {
      rule: 'a session belongs to one job',
      code: 'runner-bound',
      find: 'if (session.job !== null && session.job !== job)',
      replace: 'if (session.job === job && job === null)',
      only: 'a static runner has one session at a time',
    },
    {
      rule: 'an ephemeral runner belongs to the first job that it proves',
      code: 'runner-bound',
      find: 'if (first !== job)',
      replace: 'if (first === null)',
      only: 'an ephemeral runner belongs to the first job',
    },
    {
      rule: 'a gate has a bounded number of sessions',
      find: 'if (byId.size >= bounds.sessions)',
      replace: 'if (byId.size >= 1e9)',
      tests: ['test/gate/sessions.test.ts'],
    },
    {
      rule: 'a session that nobody uses is closed',
      code: 'session-unknown',
      find: 'if (clock.monotonic() - session.usedAt > longest) close(session);',
      replace: 'if (clock.monotonic() - session.usedAt > 1e12 + longest) close(session);',
      tests: ['test/gate/sessions.test.ts'],
      only: 'that nobody uses are closed',
    },
  ],
);

const ledger = guardsOf(
  'gate',
  'src/gate/ledger/memory.ts',
  ['test/gate/ledger.test.ts'],
  [
    {
      rule: 'a runner stays bound to its job',
      code: 'runner-bound',
      find: 'if (!bindings.has(runner)) bindings.set(runner, { job, at: now() });',
      replace: '',
    },
    {
      rule: 'a slot is given once',
      find: 'if (records.has(nameOf(record))) return Promise.resolve(false);',
      replace: '',
    },
    {
      rule: 'a record is changed only by who has seen its last revision',
      find: 'next.rev !== stored.rev + 1',
      replace: 'next.rev < 0',
    },
    {
      rule: 'a record is not changed by an older holder',
      find: ' || next.epoch < stored.epoch',
      replace: '',
    },
    {
      rule: 'an open record is never forgotten',
      find: "if (phase === 'ended') records.delete(name);",
      replace: 'records.delete(name);',
    },
  ],
);

const job = guardsOf(
  'gate',
  'src/gate/ledger/key.ts',
  ['test/gate/ledger.test.ts'],
  [
    {
      rule: 'a job is known by its check run, or by its runner where GitHub tells none',
      find: 'checkRunId === undefined ? standIn(runner)',
      replace: "checkRunId === undefined ? 'c0'",
    },
  ],
);

export const guards: readonly Guard[] = [...sessionsRules, ...ledger, ...job];
