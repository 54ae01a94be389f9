import { type Guard, guardsOf } from '../../guard.ts';

// What waits for a runner, in bounded memory.

const relayTest = 'test/gate/relay.test.ts';

const relayRules = guardsOf(
  'gate',
  'src/gate/tasks/relay.ts',
  [relayTest],
  [
    {
      rule: 'there is one result',
      find: '    result(event) {\n      if (result !== null) return;\n',
      replace: '    result(event) {\n',
      tests: ['test/gate/guards.test.ts'],
      only: 'of a task hold one result',
    },
    {
      rule: 'log and states come in the order of the cell',
      find: 'log !== null && (state === null || log.order < state.order)',
      replace: 'log !== null',
    },
  ],
);

const pacing = guardsOf(
  'gate',
  'src/gate/tasks/pacing.ts',
  ['test/gate/pacing.test.ts'],
  [
    {
      rule: 'a burst waits for a runner that reads',
      find: 'stalled || left <= 0 || !crowded() ? null : wait()',
      replace: 'null',
    },
    {
      rule: 'a runner that stopped reading holds nothing up',
      find: '      stalled = true;\n      break;\n',
      replace: '      break;\n',
    },
    {
      rule: 'a runner that reads a little now and then holds a task up for a bounded time',
      find: '    left -= spent();\n',
      replace: '',
    },
  ],
);

const ring = guardsOf(
  'gate',
  'src/gate/tasks/log-ring.ts',
  [relayTest],
  [
    {
      rule: "a runner's log waits in a bounded number of bytes",
      find: 'while (bytes > maxBytes && chunks.length > 1)',
      replace: 'while (bytes > 1e12 && chunks.length > 1)',
    },
    {
      rule: 'lines that a resumed cell repeats are left out',
      find: 'if (event.n + event.lines.length - 1 <= lastLine) return;',
      replace: '',
      tests: ['test/gate/guards.test.ts'],
      only: 'has each line once, however often a cell repeats it',
    },
  ],
);

const states = guardsOf(
  'gate',
  'src/gate/tasks/states.ts',
  [relayTest],
  [
    {
      rule: 'states wait in a bounded number of bytes',
      find: 'while (bytes > maxBytes && kept.length > 1)',
      replace: 'while (bytes > 1e12 && kept.length > 1)',
    },
    {
      rule: 'no number of a state event is ever missing',
      find: 'if (seen + 1 < oldest.event.n) return { event: { ...oldest.event, n: seen + 1 }, order: oldest.order };',
      replace: 'if (seen + 1 < oldest.event.n) return { event: oldest.event, order: oldest.order };',
    },
  ],
);

const stream = guardsOf(
  'gate',
  'src/gate/tasks/stream.ts',
  [relayTest],
  [
    { rule: 'a stream has its end', find: 'if (now >= until) return;', replace: '' },
    {
      rule: 'a stream ends after the result',
      find: 'if (relay.isRead({ state, log })) return;',
      replace: '',
    },
    { rule: 'a stream ends with its reader', find: 'while (!gone.aborted) {', replace: 'for (;;) {' },
    {
      rule: 'a turn is told once to each reader',
      find: 'if (turn !== null && !turnTold) yield turn;',
      replace: 'if (turn !== null) yield turn;',
    },
  ],
);

export const guards: readonly Guard[] = [...relayRules, ...pacing, ...ring, ...states, ...stream];
