import { type Guard, guardsOf } from '../../guard.ts';

// A step's shell, text and inputs.

const step = 'test/hook/step-shape.test.ts';

const text = guardsOf(
  'hook',
  'src/hook/step-text.ts',
  [step],
  [
    {
      rule: "a step's shell is one of the two that the runner has by itself",
      code: 'shell-not-allowed',
      find: String.raw`/^\["(?:sh","-e|bash","--noprofile","--norc","-e","-o","pipefail)",`,
      replace: String.raw`/^\["(?:[^"]*"(?:,"[^"]*")*,"[^"]*)",`,
    },
    {
      rule: "a step's shell has no further arguments",
      code: 'shell-not-allowed',
      find: String.raw`([0-9A-Fa-f-]{1,64}\.sh)"\]$/`,
      replace: String.raw`([0-9A-Fa-f-]{1,64}\.sh)"/`,
    },
    {
      rule: "a step's script is a file that the runner named",
      code: 'shell-not-allowed',
      find: String.raw`"\/__w\/_temp\/([0-9A-Fa-f-]{1,64}\.sh)"`,
      replace: String.raw`"\/__w\/_temp\/([^"]*)"`,
    },
    {
      rule: 'a step that is an action is told so',
      code: 'action-not-allowed',
      find: String.raw`if (/^\/__e\/node[^/]*\/bin\/node$/.test(entryPoint ?? ''))`,
      replace: "if (entryPoint === '')",
    },
    {
      rule: "a step's text is bounded",
      code: 'step-text-unreadable',
      find: 'if (size > most) throw',
      replace: 'if (size > 1e9) throw',
    },
    {
      rule: "a step's text that cannot be read is no task",
      code: 'step-text-unreadable',
      find: "refuse('step-text-unreadable', `the step's text cannot be read: ${whyNot(error)}`, 'run', tasks);",
      replace: "void error;\n    text = 'drone build';",
    },
    {
      rule: "a step's text is exactly the name of a task",
      code: 'text-not-a-task',
      find: 'taskNames.find((name) => name === text)',
      replace: 'taskNames.find((name) => text.startsWith(name))',
    },
    {
      rule: "a step's text is the name of a task in its case",
      code: 'text-not-a-task',
      find: 'taskNames.find((name) => name === text)',
      replace: 'taskNames.find((name) => name === text.toLowerCase())',
    },
  ],
);

const values = guardsOf(
  'hook',
  'src/hook/inputs.ts',
  ['test/hook/inputs.test.ts'],
  [
    {
      rule: 'only variables of exact names are inputs',
      find: "if (!name.startsWith('PARAM_')) continue;\n    const key = name.slice(6);",
      replace:
        "const key = name.replace(/^PARAM_/, '');\n    if (!name.startsWith('PARAM_') && !paramName.test(name)) continue;",
    },
    {
      rule: 'a PARAM_ name that cannot be one is refused, not dropped',
      code: 'param-not-allowed',
      find: "if (!paramName.test(key)) refuse('param-not-allowed', `${quote(name)} names no parameter`, keys, 'rename it');",
      replace: 'if (!paramName.test(key)) continue;',
    },
    {
      rule: 'a value is one line',
      code: 'param-value-not-allowed',
      find: '!allowed.test(value) || ',
      replace: "(value === '' && !allowed.test(value)) || ",
    },
    {
      rule: 'a value is not too long',
      code: 'param-value-not-allowed',
      find: 'value.length > length || ',
      replace: '',
    },
    {
      rule: 'a value is valid Unicode before it is sent',
      code: 'param-value-not-allowed',
      find: String.raw` || /\p{Surrogate}/u.test(value)`,
      replace: '',
    },
    {
      rule: 'DRONE_BUILD is a number',
      code: 'build-not-allowed',
      find: 'if (build !== undefined && !/^[1-9][0-9]{0,14}$/.test(build))',
      replace: "if (build === 'no')",
    },
    {
      rule: 'an empty DRONE_BUILD is a mistake and not the newest build',
      code: 'build-not-allowed',
      find: 'if (build !== undefined && !/^[1-9]',
      replace: 'if (build && !/^[1-9]',
    },
    {
      rule: 'a value is never shown',
      find: 'the value of ${quote(name)} is not',
      replace: 'the value ${quote(value)} of ${quote(name)} is not',
    },
  ],
);

export const guards: readonly Guard[] = [...text, ...values];
