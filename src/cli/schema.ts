// `airlock schema`: the policy's JSON Schema, for editors.

import { Command } from 'commander';
import { policyJsonSchema } from '../policy/index.ts';

export function schemaCommand(): Command {
  return new Command('schema')
    .summary("print the policy's JSON Schema")
    .description(
      'Prints the JSON Schema (draft-07) of policy files. For an editor with yaml-language-server: save it, and begin the policy with the line\n# yaml-language-server: $schema=policy.schema.json',
    )
    .action((_options: unknown, command: Command) => {
      command.configureOutput().writeOut?.(`${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
    });
}
