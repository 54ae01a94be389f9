import { type Guard, guardsOf } from '../../guard.ts';

// Which calls there are, what their bodies hold, and when none is answered.

const calls = 'test/gate/direct-calls.test.ts';

const routesRules = guardsOf(
  'gate',
  'src/gate/routes.ts',
  [calls],
  [
    {
      rule: 'there are the calls of the protocol and no others',
      code: 'call-unknown',
      find: String.raw`path: /^\/v1\/sessions$/`,
      replace: String.raw`path: /^\/v1\/sessions/`,
    },
    {
      rule: "an id in a call's path is 32 lower hex digits",
      code: 'call-unknown',
      find: String.raw`path: /^\/v1\/sessions\/([0-9a-f]{32})\/tasks$/`,
      replace: String.raw`path: /^\/v1\/sessions\/([0-9a-fA-F]{32,})\/tasks$/`,
    },
    {
      rule: 'a call is made by its own method',
      code: 'call-unknown',
      find: 'if (route.method !== method)',
      replace: "if (method === '')",
    },
    {
      rule: 'only the call for events has a query',
      code: 'call-malformed',
      find: "if (route.name !== 'events' && query !== '')",
      replace: "if (route.name !== 'events' && query === '?')",
    },
    {
      rule: 'a position is decimal digits',
      code: 'call-malformed',
      find: '/^(state|log)=(0|[1-9][0-9]{0,14})$/',
      replace: '/^(state|log)=(.*)$/',
    },
    {
      rule: 'a position is told once',
      code: 'call-malformed',
      find: ' || seen.has(name))',
      replace: ')',
    },
  ],
);

const bodies = guardsOf(
  'gate',
  'src/gate/calls.ts',
  [calls],
  [
    {
      rule: 'a hook of a newer version is refused',
      code: 'call-malformed',
      find: 'if (v > protocolVersion)\n',
      replace: 'if (v > protocolVersion) return;\n  if (v > protocolVersion)\n',
      only: 'another version of the calls is refused',
    },
    {
      rule: 'a task is asked for in a version that the gate understands',
      code: 'call-malformed',
      find: 'checkVersion(request.v);',
      replace: '',
      tests: ['test/gate/guards.test.ts'],
      only: 'for a task in another version',
    },
    {
      rule: "the job's image is compared before there is a session",
      code: 'image-not-accepted',
      find: "if (no !== null) await refused(no, { event: 'session', runner: runner.id });",
      replace: '',
      only: 'the image ',
    },
    {
      rule: 'a call for a challenge says nothing else',
      code: 'input-unknown-field',
      find: 'parseEmpty(bodyOf(call));\n      // Here a hook can wait',
      replace: '// Here a hook can wait',
    },
    {
      rule: 'a call to cancel says nothing else',
      code: 'input-unknown-field',
      find: 'parseEmpty(bodyOf(call));\n      await tasks.cancel(runner, id);',
      replace: 'await tasks.cancel(runner, id);',
      tests: ['test/gate/guards.test.ts'],
      only: 'to cancel says nothing else',
    },
    {
      rule: 'a rehearsal is refused when no entry fits',
      code: 'repository-not-listed',
      find: 'if (!rehearsal.allowed) {',
      replace: "if (!rehearsal.allowed && rehearsal.detail === '') {",
      only: 'is refused, at the rehearsal and at the task',
    },
    {
      rule: 'no cell is started for a job that is not allowed',
      find: 'const proof = parseRehearsalRequest(bodyOf(call));',
      replace: 'const proof = parseRehearsalRequest(bodyOf(call));\n      tasks.rehearsed(session);',
      tests: ['test/gate/guards.test.ts'],
      only: 'of a rehearsal starts no cell',
    },
    {
      rule: 'a refused call leaves a line in the audit log',
      find: "await audit.write({ ...entry, decision: 'refused', code: no.code, message: no.message, policy: policy.hash });",
      replace: '',
      tests: ['test/gate/guards.test.ts'],
      only: 'of an image and of a rehearsal is in the audit log',
    },
  ],
);

const inside = guardsOf(
  'gate',
  'src/gate/gate.ts',
  ['test/gate/tasks.test.ts'],
  [
    {
      rule: 'a gate that stops takes no more calls',
      code: 'gate-stopping',
      find: 'if (stopping !== null) throw',
      replace: 'if (stopping === undefined) throw',
      only: 'ends cells that cannot outlive it',
    },
    {
      rule: 'a standby answers no call',
      code: 'gate-standby',
      find: '    heldEpoch(ledger);\n',
      replace: '',
      only: 'held by another gate',
    },
    {
      rule: 'a binding that the gate cannot prove is refused at its start',
      code: 'gate-failed',
      find: "if (bind === 'none' || binder?.kind === bind) return;",
      replace: "if (bind !== '') return;",
      tests: ['test/gate/bind.test.ts', 'test/gate/sessions.test.ts'],
    },
    {
      rule: 'a caller learns nothing of what broke inside',
      code: 'gate-failed',
      find: "'something broke in the gate; its log says what'",
      replace: '`something broke in the gate: ${String(error)}`',
      tests: ['test/gate/guards.test.ts'],
      only: 'is not told to a caller',
    },
  ],
);

export const guards: readonly Guard[] = [...routesRules, ...bodies, ...inside];
