// The hook's four calls with every field filled in. Most fields may be left out or null: what the runner does not set
// it sends as null.

import { parseHookInput } from '../../../src/protocol/index.ts';
import { bytes } from './refusal.ts';
import { type Rule, anyText, list, nullable, object, text } from './rules.ts';
import type { Specimen } from './specimen.ts';

const responseFile = '/home/runner/_work/_temp/response.json';
const mount = { userProvidedValue: '/a:/b', sourceVolumePath: '/a', targetVolumePath: '/b', readOnly: false };
const container = {
  image: 'airlock',
  dockerfile: 'Dockerfile',
  entryPointArgs: ['-f', '/dev/null'],
  entryPoint: 'tail',
  workingDirectory: '/__w',
  createOptions: '--privileged',
  registry: { username: 'octo', password: 'hunter2', serverUrl: 'registry.example' },
  environmentVariables: { HOME: '/github/home' },
  portMappings: ['80:80'],
  systemMountVolumes: [mount],
  userMountVolumes: [mount],
};
const step = {
  entryPoint: 'bash',
  entryPointArgs: ['-e', '/__w/_temp/x.sh'],
  environmentVariables: { PARAM_ENVIRONMENT: 'staging' },
  prependPath: [],
  workingDirectory: '/__w/widgets',
};

const under = (prefix: string, rules: Readonly<Record<string, Rule>>): Record<string, Rule> =>
  Object.fromEntries(Object.entries(rules).map(([name, rule]) => [`${prefix}.${name}`, rule]));

const environment = { environmentVariables: nullable({ ...object, map: true }) };
const strings = (name: string) => ({ [name]: nullable({ ...list, good: [[]] }), [`${name}.#`]: anyText });
const mounts = (name: string) => ({
  [name]: nullable({ ...list, good: [[]] }),
  [`${name}.#`]: object,
  ...under(`${name}.#`, {
    userProvidedValue: nullable(anyText),
    sourceVolumePath: nullable(anyText),
    targetVolumePath: nullable(anyText),
    readOnly: { is: 'true or false', good: [true] },
  }),
});
const containerRules = {
  ...Object.fromEntries(
    ['image', 'dockerfile', 'entryPoint', 'workingDirectory', 'createOptions'].map((name) => [name, nullable(anyText)]),
  ),
  ...strings('entryPointArgs'),
  registry: nullable(object),
  ...under('registry', { username: nullable(anyText), password: nullable(anyText), serverUrl: nullable(anyText) }),
  ...environment,
  'environmentVariables.HOME': anyText,
  ...strings('portMappings'),
  ...mounts('systemMountVolumes'),
  ...mounts('userMountVolumes'),
};
// Of two types, so that the tests of one type pass it by.
const prependPath: Rule = {
  is: 'a text or a list of texts',
  nullable: true,
  optional: true,
  anything: true,
  good: ['', '/a', ['/a', '/b'], null],
  bad: [7, true, {}, [1], [null], ['/a', {}]],
};

const hookInput = (command: string, args: unknown, rules: Readonly<Record<string, Rule>>): Specimen => ({
  name: command,
  parse: (value) => parseHookInput(bytes(JSON.stringify(value))),
  what: "the hook's input",
  // A copy in which no object stands in two places.
  document: JSON.parse(JSON.stringify({ command, responseFile, args, state: { v: 1 } })) as unknown,
  rules: {
    '': object,
    command: { is: 'a text' },
    responseFile: text(4096, 1),
    args: object,
    state: { is: 'anything', optional: true, anything: true, map: true },
    'state.v': { is: 'anything', optional: true, anything: true },
    ...rules,
  },
});

export const hookSpecimens: readonly Specimen[] = [
  hookInput(
    'prepare_job',
    { container, services: [container] },
    {
      'args.container': nullable(object),
      ...under('args.container', containerRules),
      'args.services': nullable({ ...list, good: [[]] }),
      'args.services.#': object,
      ...under('args.services.#', containerRules),
    },
  ),
  hookInput('run_script_step', step, {
    'args.entryPoint': nullable(anyText),
    'args.workingDirectory': nullable(anyText),
    ...under('args', {
      ...strings('entryPointArgs'),
      ...environment,
      'environmentVariables.PARAM_ENVIRONMENT': anyText,
      prependPath,
    }),
  }),
  hookInput('run_container_step', { ...container, prependPath: [] }, under('args', { ...containerRules, prependPath })),
  hookInput('cleanup_job', {}, { args: nullable(object) }),
];
