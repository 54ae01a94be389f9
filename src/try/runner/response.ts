// The response file, checked as the runner checks it.

import { readFileSync, rmSync, statSync } from 'node:fs';
import * as v from 'valibot';
import { errorMessage } from './step-log.ts';
import type { HookCommand } from './types.ts';

const container = v.looseObject({ id: v.nullish(v.string()), network: v.nullish(v.string()) });
const service = v.looseObject({
  id: v.nullish(v.string()),
  network: v.nullish(v.string()),
  ports: v.nullish(v.record(v.string(), v.string())),
});
const response = v.looseObject({
  isAlpine: v.nullish(v.boolean()),
  state: v.nullish(v.record(v.string(), v.unknown())),
  context: v.nullish(v.looseObject({ container: v.nullish(container), services: v.nullish(v.array(service)) })),
});
export type HookResponse = v.InferOutput<typeof response>;

const maxBytes = 1_048_576;

/**
 * Reads the file and deletes it. null: the hook left it empty, or away, which every command but prepare_job may.
 * @throws {Error} the hook's answer cannot be used, which fails the step
 */
export function readResponse(file: string, hook: string, command: HookCommand): HookResponse | null {
  const required = command === 'prepare_job';
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) {
    if (!required) return null;
    throw new Error(
      `Response file is required but not found for the hook script at '${hook}' running command '${command}'`,
    );
  }
  if (size > maxBytes) throw new Error(`Response file at '${file}' is larger than ${maxBytes} bytes`);
  const text = readFileSync(file, 'utf8').trim();
  rmSync(file, { force: true });
  if (text === '') {
    if (!required) return null;
    throw new Error(`Response file could not be read at '${hook}' running command '${command}'`);
  }
  const result = v.safeParse(v.nullable(response), parse(text));
  if (!result.success) throw new Error(`Response file holds what the runner cannot read: ${result.issues[0].message}`);
  if (required && typeof result.output?.isAlpine !== 'boolean') {
    throw new Error("The property 'isAlpine' is required but was not found in the response file.");
  }
  return result.output;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`Response file holds no JSON: ${errorMessage(cause)}`, { cause });
  }
}
