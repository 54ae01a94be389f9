import { type Guard, guardsOf } from '../../guard.ts';

// Files, settings and the document that the runner gives the hook.

const step = 'test/hook/step-shape.test.ts';

const filesRules = guardsOf(
  'hook',
  'src/hook/plain-file.ts',
  ['test/hook/response-file.test.ts'],
  [
    {
      rule: 'a file of the runner is not opened through a link',
      code: 'response-file-not-accepted',
      find: 'flags | O_NOFOLLOW | O_NONBLOCK',
      replace: 'flags | O_NONBLOCK',
    },
    {
      rule: 'a pipe in the place of a file is not waited for',
      code: 'step-text-unreadable',
      find: 'flags | O_NOFOLLOW | O_NONBLOCK',
      replace: 'flags | O_NOFOLLOW',
      tests: ['test/hook/guards.test.ts'],
    },
    {
      rule: 'what is no regular file is not used',
      code: 'response-file-not-accepted',
      find: "if (!found.isFile()) throw new Error('it is no regular file');",
      replace: '',
      tests: ['test/hook/response-file.test.ts', step],
    },
  ],
);

const response = guardsOf(
  'hook',
  'src/hook/response-file.ts',
  ['test/hook/response-file.test.ts'],
  [
    {
      rule: "the response file lies in the runner's own folder",
      code: 'response-file-not-accepted',
      find: 'if (path !== join(folder, basename(path)) || ',
      replace: "if (path === '' || ",
    },
    {
      rule: 'the folder of the response file is no link',
      code: 'response-file-not-accepted',
      find: ' || !lstatSync(folder).isDirectory())',
      replace: ' || lstatSync(folder).isFile())',
    },
    {
      rule: 'the response file is still empty',
      code: 'response-file-not-accepted',
      find: 'if (size > 0 || nlink > 1)',
      replace: 'if (nlink > 1)',
    },
    {
      rule: 'the response file is no second name of another file',
      code: 'response-file-not-accepted',
      find: 'if (size > 0 || nlink > 1)',
      replace: 'if (size > 0)',
    },
  ],
);

const settings = guardsOf(
  'hook',
  'src/hook/settings.ts',
  ['test/hook/settings.test.ts'],
  [
    {
      rule: 'a gate is reached by its socket or by https',
      code: 'hook-settings',
      find: String.raw`/^(?:unix:(\/.+)|https:`,
      replace: String.raw`/^(?:unix:(\/.+)|https?:`,
    },
    {
      rule: 'without a gate nothing is asked',
      code: 'hook-settings',
      find: "badSetting('AIRLOCK_GATE', 'unix:/path or https://host:port')",
      replace: "['', '/run/airlock/gate.sock']",
    },
    {
      rule: "the id token's host is GitHub's own unless the operator names another",
      find: "|| '.actions.githubusercontent.com'",
      replace: "|| ''",
      tests: ['test/hook/settings.test.ts', 'test/hook/id-token.test.ts'],
    },
  ],
);

const input = [
  ...guardsOf(
    'hook',
    'src/hook/stdin.ts',
    ['test/hook/malformed.test.ts'],
    [
      {
        rule: 'no more is read than shows that it is too much',
        code: 'input-too-large',
        find: 'if (size > maxHookInputBytes) break;',
        replace: '',
      },
      {
        rule: "the runner's document is waited for in bounded time",
        code: 'hook-error',
        find: 'setTimeout(() => input.destroy(late), ms)',
        replace: 'setTimeout(() => input.destroy(late), ms * 1e5)',
      },
    ],
  ),
  ...guardsOf(
    'hook',
    'src/hook/run.ts',
    ['test/hook/response-file.test.ts', step],
    [
      {
        rule: 'a container action is always refused',
        code: 'container-step-not-allowed',
        find: "return refuse('container-step-not-allowed', 'the step is a container action', 'steps', 'use only `run:` steps');",
        replace: 'return Promise.resolve(0);',
        tests: [step],
      },
      {
        rule: 'every command answers only into a response file of the runner',
        code: 'response-file-not-accepted',
        find: "respond(input.responseFile, settings.temp, '');",
        replace: '',
      },
      {
        rule: 'what goes wrong ends with exit code 1',
        find: 'code = cleaning ? 0 : 1;',
        replace: 'code = 0;',
        tests: [step],
      },
      {
        rule: 'cleaning up never changes the colour of a job',
        find: 'code = cleaning ? 0 : 1;',
        replace: 'code = 1;',
        tests: ['test/hook/prepare-job.test.ts'],
      },
      {
        rule: 'an unknown error is told in quotes',
        code: 'hook-error',
        find: 'quote(String(error), 200)',
        replace: 'String(error)',
        tests: ['test/hook/guards.test.ts'],
      },
    ],
  ),
  ...guardsOf(
    'hook',
    'src/hook/run-script-step.ts',
    [step],
    [
      {
        rule: 'a step needs a session that prepare_job opened',
        code: 'no-session',
        find: "refuse('no-session', 'the job has no session at the gate', 'session', 'look at the step \"Initialize containers\"')",
        replace: "'0'.repeat(32)",
      },
      {
        rule: 'a request fits into one call',
        code: 'params-too-large',
        find: 'if (Buffer.byteLength(JSON.stringify(body)) > limits.document)',
        replace: 'if (Buffer.byteLength(JSON.stringify(body)) > 1e9)',
        tests: ['test/hook/inputs.test.ts'],
      },
    ],
  ),
];

export const guards: readonly Guard[] = [...filesRules, ...response, ...settings, ...input];
