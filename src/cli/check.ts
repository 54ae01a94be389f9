// `airlock check POLICY`: everything that is wrong with a policy file at once, or what it means.

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { PolicyError, loadPolicy } from '../policy/index.ts';
import { describePolicy } from './describe-policy.ts';

/** Exits with 1 and one line a problem, `file:line:column: path: what; what to change`, when the file is not right. */
export function checkCommand(): Command {
  return new Command('check')
    .summary('check a policy file and say what it means')
    .description('Checks a policy file as the gate does, and says in plain words who may do what.')
    .argument('<policy>', 'policy file (YAML)')
    .action((file: string, _options: unknown, command: Command) => {
      let text: string;
      try {
        text = readFileSync(file, 'utf8');
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return command.error(`${file}: cannot be read: ${reason}`, { exitCode: 1, code: 'airlock.file' });
      }
      try {
        const policy = loadPolicy(text, file);
        command.configureOutput().writeOut?.(`${file}: ok\n\n${describePolicy(policy)}\n`);
      } catch (error) {
        if (error instanceof PolicyError) command.error(error.message, { exitCode: 1, code: 'airlock.policy' });
        throw error;
      }
    });
}
