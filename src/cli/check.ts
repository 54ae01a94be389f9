// `airlock check FILE`: everything that is wrong with a policy or a configuration at once, or what it means.

import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { loadConfig } from '../config/index.ts';
import { redactProblem } from '../gate/index.ts';
import { type Policy, loadPolicy } from '../policy/index.ts';
import { describeConfig } from './describe-config.ts';
import { describePolicy } from './describe-policy.ts';
import { readOrEnd } from './gate-flags.ts';

interface CheckOptions {
  readonly config?: true;
}

/** What a configuration begins with and a policy never has: the keys that say where the gate's own files are. */
const isConfig = (text: string): boolean => /^(?:ledger|engine|audit|fleet):/m.test(text);

/** Files of literals lie beside the gate, so one that is not on this machine says nothing. */
function redactWarnings({ repositories }: Policy): string {
  const warnings = repositories.map(({ redact, repository }, index) => {
    if (redact === undefined) return '';
    try {
      const problem = redactProblem(readFileSync(redact.file, 'utf8'));
      return problem === null
        ? ''
        : `warning: repositories[${index}].redact: ${redact.file} ${problem}; correct it, or no task of ${repository} is started\n`;
    } catch {
      return '';
    }
  });
  return warnings.join('');
}

const ofPolicy = (policy: Policy): string => `${describePolicy(policy)}\n${redactWarnings(policy)}`;

function meaning(text: string, file: string, command: Command, asConfig: boolean): string {
  if (!asConfig) return `${file}: ok\n\n${ofPolicy(loadPolicy(text, file))}`;
  const config = loadConfig(text, file);
  const policy = readOrEnd(config.policy, command, loadPolicy);
  return `${file}: ok\n\n${describeConfig(config)}\n\n${config.policy}: ok\n\n${ofPolicy(policy)}`;
}

/** Exits with 1 and one line a problem, `file:line:column: path: what; what to change`, when the file is not right. */
export function checkCommand(): Command {
  return new Command('check')
    .summary('check a policy or a configuration and say what it means')
    .description(
      'Checks a policy file as the gate does, and says in plain words who may do what; or a configuration, with the policy that it names.',
    )
    .argument('<file>', 'policy file or configuration (YAML)')
    .addOption(new Option('--config', 'it is a configuration (default: by its keys)'))
    .action((file: string, { config }: CheckOptions, command: Command) => {
      const said = readOrEnd(file, command, (text) => meaning(text, file, command, config ?? isConfig(text)));
      command.configureOutput().writeOut?.(said);
    });
}
