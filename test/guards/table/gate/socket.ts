import { type Guard, guardsOf } from '../../guard.ts';

// A runner's socket, the operator's side, and how often one runner may call.

const socketRules = guardsOf(
  'gate',
  'src/gate/server/socket.ts',
  ['test/gate/socket.test.ts'],
  [
    {
      rule: "a socket's path fits whole into the system's address",
      find: 'if (Buffer.byteLength(path) > maxPathBytes)',
      replace: 'if (Buffer.byteLength(path) > 1e6)',
    },
    {
      rule: 'nothing but a dead socket is removed from the path',
      find: 'if (!found.isSocket()) refuse',
      replace: 'if (found.isDirectory()) refuse',
    },
    {
      rule: 'a socket that another process serves is left alone',
      find: 'if (await answers(path))',
      replace: "if ((await answers(path)) && path === '')",
    },
    {
      rule: "a socket's folder is there and is no link",
      find: 'if (found?.isDirectory() !== true)',
      replace: 'if (found === null)',
    },
    {
      rule: "a runner's name is plain: it goes into records and lines",
      find: 'if (!isRunnerId(name))',
      replace: "if (name === '')",
    },
    {
      rule: 'runner containers of any uid reach the socket in their folder',
      find: 'process.umask(0)',
      replace: 'process.umask(0o077)',
    },
  ],
);

const operator = guardsOf(
  'gate',
  'src/gate/server/operator.ts',
  ['test/gate/socket.test.ts'],
  [
    {
      rule: "the operator's side listens on loopback only",
      find: String.raw`/^(127\.0\.0\.1|\[::1\]):([0-9]{1,5})$/`,
      replace: String.raw`/^([0-9.]+|\[::1\]):([0-9]{1,5})$/`,
    },
    {
      rule: "the operator's side has two calls",
      code: 'call-unknown',
      find: "if (!known || call.method !== 'GET' || call.query !== '')",
      replace: "if (!known && call.path === '')",
    },
    {
      rule: 'a gate that is not ready says so by its status',
      find: 'json(ready ? 200 : 503,',
      replace: 'json(200,',
    },
  ],
);

const pace = [
  ...guardsOf(
    'gate',
    'src/gate/pace.ts',
    ['test/gate/pace.test.ts'],
    [
      {
        rule: 'a runner that has used up its calls is answered late',
        find: 'if (now < 1) return false;',
        replace: 'if (now < -1e9) return false;',
      },
      {
        rule: "a runner's calls come back as time passes, and no faster",
        find: '/ 1000) * callsPerSecond',
        replace: '/ 1) * callsPerSecond',
      },
    ],
  ),
  ...guardsOf(
    'gate',
    'src/gate/gate.ts',
    ['test/gate/pace.test.ts'],
    [
      {
        rule: 'every call but the one for events counts',
        find: "if (name !== 'events') await pace.wait(runner.id, call.gone);",
        replace: '',
      },
      {
        rule: 'a call that had to wait is not handled by a gate that has stopped meanwhile',
        code: 'gate-stopping',
        find: '        checkActive();\n        return await calls',
        replace: '        return await calls',
      },
    ],
  ),
];

export const guards: readonly Guard[] = [...socketRules, ...operator, ...pace];
