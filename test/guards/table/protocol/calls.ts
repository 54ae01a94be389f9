import { type Guard, guardsOf } from '../../guard.ts';

// The runner's document and the calls between hook and gate.

const malformed = 'test/protocol/malformed.test.ts';
const hookMalformed = 'test/protocol/hook-input-malformed.test.ts';

const runner = guardsOf(
  'protocol',
  'src/protocol/hook-input.ts',
  [hookMalformed],
  [
    {
      rule: 'the runner sends one of four commands',
      code: 'input-unknown-command',
      find: "    default:\n      throw new Refusal({\n        code: 'input-unknown-command',",
      replace:
        "    default:\n      return parseWith(cleanupJob, { ...(value as object), command: 'cleanup_job' }, what);\n      throw new Refusal({\n        code: 'input-unknown-command',",
    },
    {
      rule: "the runner's document has at most 1 MiB",
      code: 'input-too-large',
      find: 'maxHookInputBytes = 1_048_576',
      replace: 'maxHookInputBytes = 1_048_577',
    },
  ],
);

const state = guardsOf(
  'protocol',
  'src/protocol/hook-response.ts',
  ['test/protocol/hook-response.test.ts'],
  [
    {
      rule: "a step's state is exactly what prepare_job wrote, or there is no session",
      code: 'no-session',
      find: 'return result.success ? result.output : null;',
      replace: 'return result.success ? result.output : ((state ?? null) as HookState | null);',
    },
  ],
);

const requests = guardsOf(
  'protocol',
  'src/protocol/request.ts',
  ['test/protocol/request.test.ts', malformed],
  [
    {
      rule: 'a task is one of those that there are, letter by letter',
      code: 'input-wrong-type',
      find: '    task: oneOf(taskNames),',
      replace:
        '    task: v.custom<TaskName>((value) => typeof value === "string", taskNames.map((name) => JSON.stringify(name)).join(" | ")),',
    },
    {
      rule: 'a request has at most 64 parameters',
      code: 'input-wrong-type',
      find: 'maxEntries: 64',
      replace: 'maxEntries: 65',
    },
    {
      rule: "a request's names have at most 64 characters",
      code: 'input-wrong-type',
      find: 'name.length <= 64',
      replace: 'name.length <= 65',
    },
    {
      rule: "a parameter's name is made of capital letters, digits and _",
      find: 'paramName = /^[A-Z][A-Z0-9_]{0,63}$/',
      replace: 'paramName = /^[A-Z_][A-Z0-9_]{0,63}$/i',
    },
    {
      rule: 'a Drone token is one printable word: it goes into a header',
      code: 'input-wrong-type',
      find: 'v.optional(printable(1024))',
      replace:
        "v.optional(v.custom<string>((value) => typeof value === 'string', '0 to 1024 printable characters without blanks'))",
      tests: [malformed],
    },
  ],
);

const sessions = guardsOf(
  'protocol',
  'src/protocol/session.ts',
  ['test/protocol/session.test.ts', malformed],
  [
    {
      rule: 'a call that says nothing says nothing',
      code: 'input-unknown-field',
      find: "('the request', () => strict({}))",
      replace: "('the request', () => rule((value): value is Record<string, never> => value !== '', 'an object'))",
    },
    {
      rule: 'no wait that the hook is told is longer than a timer can be',
      code: 'input-wrong-type',
      find: 's >= 0 && s <= 604_800',
      replace: 's >= 0',
    },
  ],
);

const answers = guardsOf(
  'protocol',
  'src/protocol/answer.ts',
  ['test/protocol/answer.test.ts'],
  [
    {
      rule: "an answer that has not the gate's form is a failure, not a refusal",
      find: 'code: oneOf(refusalCodes, known)',
      replace: "code: v.fallback(oneOf(refusalCodes, known), 'call-unknown')",
    },
  ],
);

export const guards: readonly Guard[] = [...runner, ...state, ...requests, ...sessions, ...answers];
