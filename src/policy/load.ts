// Reads a policy file: whatever is wrong with it is told at once, and nothing that is not understood is let through.

import * as v from 'valibot';
import { buildPolicy } from './build.ts';
import { foundIn } from './issues.ts';
import { piecesOf } from './pieces.ts';
import { PolicyError } from './problem.ts';
import { type LoadOptions, brokenRules } from './rules.ts';
import { fileSchema } from './schema.ts';
import type { Policy } from './types.ts';
import { readYaml } from './yaml.ts';

/**
 * @param text the file's text, at most 1 MiB
 * @param file its name, for messages
 * @throws {PolicyError} every problem, with line and column; nothing else, whatever `text` is
 */
export function loadPolicy(text: string, file: string, options: LoadOptions = {}): Policy {
  const yaml = readYaml(text);
  const result = v.safeParse(fileSchema, yaml.value, { abortPipeEarly: true });
  const found = [
    ...(result.issues ?? []).flatMap((issue) => foundIn(issue)),
    ...brokenRules(piecesOf(yaml.value), options),
  ].filter(({ path }) => !yaml.reported(path));
  if (yaml.problems.length + found.length > 0 || !result.success)
    throw new PolicyError(file, [...yaml.problems, ...found.map((one) => yaml.locate(one))]);
  return buildPolicy(result.output, text);
}
