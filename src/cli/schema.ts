// `airlock schema`: the JSON Schema of the policy or of the configuration, for editors.

import { Argument, Command } from 'commander';
import { configJsonSchema } from '../config/index.ts';
import { policyJsonSchema } from '../policy/index.ts';

export function schemaCommand(): Command {
  return new Command('schema')
    .summary('print the JSON Schema of a file')
    .description(
      'Prints the JSON Schema (draft-07) of policy files, or of the configuration. For an editor with yaml-language-server: save it, and begin the policy with the line\n# yaml-language-server: $schema=policy.schema.json',
    )
    .addArgument(new Argument('[file]', 'which file').choices(['policy', 'config']).default('policy'))
    .action((file: string, _options: unknown, command: Command) => {
      const schema = file === 'config' ? configJsonSchema() : policyJsonSchema();
      command.configureOutput().writeOut?.(`${JSON.stringify(schema, null, 2)}\n`);
    });
}
