// The document that the runner writes on the hook's stdin, as runner 2.336 sends it (test/fixtures/contract). All of it
// is attacker-controlled but for `command` and `responseFile`, and after THREATS.md finding 1 those are too.

import type * as v from 'valibot';
import { Refusal } from './errors.ts';
import { parseWith } from './parse.ts';
import { anyText, oneOf, text } from './plain.ts';
import { quote } from './quote.ts';
import { list, maybe, rule, strict } from './schema.ts';
import { only, texts } from './shape.ts';
import { parseStrictJson } from './strict-json.ts';

const textOrNull = maybe(anyText, null);
const strings = maybe(list(anyText), []);
const environment = maybe(texts(), {});
const mount = strict({
  userProvidedValue: textOrNull,
  sourceVolumePath: textOrNull,
  targetVolumePath: textOrNull,
  readOnly: rule<boolean>((value) => typeof value === 'boolean', 'true or false'),
});
const registry = maybe(strict({ username: textOrNull, password: textOrNull, serverUrl: textOrNull }), null);

const containerEntries = {
  image: textOrNull,
  dockerfile: textOrNull,
  entryPointArgs: strings,
  entryPoint: textOrNull,
  workingDirectory: textOrNull,
  createOptions: textOrNull,
  registry,
  environmentVariables: environment,
  portMappings: strings,
  systemMountVolumes: maybe(list(mount), []),
  userMountVolumes: maybe(list(mount), []),
};
const container = strict(containerEntries);

/** Nobody reads it. Runner 2.336 sends a list. */
const prependPath = maybe(
  rule<string | string[]>(
    (value) => typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string')),
    'a text or a list of texts',
  ),
  [],
);

const responseFile = text(4096, 1);
const state = maybe(
  rule<unknown>(() => true, 'anything'),
  null,
);

const prepareJob = strict({
  command: oneOf(['prepare_job']),
  responseFile,
  args: strict({ container: maybe(container, null), services: maybe(list(container), []) }),
  state,
});
const runScriptStep = strict({
  command: oneOf(['run_script_step']),
  responseFile,
  args: strict({
    entryPoint: textOrNull,
    entryPointArgs: strings,
    environmentVariables: environment,
    prependPath,
    workingDirectory: textOrNull,
  }),
  state,
});
const runContainerStep = strict({
  command: oneOf(['run_container_step']),
  responseFile,
  args: strict({ ...containerEntries, prependPath }),
  state,
});
const cleanupJob = strict({
  command: oneOf(['cleanup_job']),
  responseFile,
  args: maybe(strict({}), {}),
  state,
});

export type ContainerSpec = v.InferOutput<typeof container>;
export type PrepareJob = v.InferOutput<typeof prepareJob>;
export type RunScriptStep = v.InferOutput<typeof runScriptStep>;
export type RunContainerStep = v.InferOutput<typeof runContainerStep>;
export type CleanupJob = v.InferOutput<typeof cleanupJob>;
export type HookInput = PrepareJob | RunScriptStep | RunContainerStep | CleanupJob;

export const maxHookInputBytes = 1_048_576;
const what = "the hook's input";

const anyCommand = strict({ command: anyText });

/**
 * Reads the hook's stdin: one JSON document of at most 1 MiB. `state` stays `unknown` (see `parseHookState`).
 * @throws {Refusal} `input-*`: the first thing that is wrong
 */
export function parseHookInput(bytes: Uint8Array): HookInput {
  const value = parseStrictJson(bytes, {
    maxBytes: maxHookInputBytes,
    what,
    caseSensitiveUnder: 'environmentVariables',
  });
  const { command } = parseWith(anyCommand, only('command', value), what);
  switch (command) {
    case 'prepare_job':
      return parseWith(prepareJob, value, what);
    case 'run_script_step':
      return parseWith(runScriptStep, value, what);
    case 'run_container_step':
      return parseWith(runContainerStep, value, what);
    case 'cleanup_job':
      return parseWith(cleanupJob, value, what);
    default:
      throw new Refusal({
        code: 'input-unknown-command',
        message: `the runner sent the command ${quote(command)}, which this hook does not know`,
        rule: 'hook commands',
        fix: 'use a runner that this version of airlock was tested with',
        status: 400,
      });
  }
}
