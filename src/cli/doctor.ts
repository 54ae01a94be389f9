// `airlock doctor`: whether an installation is what it should be, tried from inside and told in one line each.

import { Command, Option } from 'commander';
import { loadConfig } from '../config/index.ts';
import { loadPolicy } from '../policy/index.ts';
import { clusterFindings } from './doctor/cluster.ts';
import { type Finding, good, tableOf } from './doctor/finding.ts';
import { machineFindings } from './doctor/machine.ts';
import { policyFindings } from './doctor/policy.ts';
import { readOrEnd } from './gate-flags.ts';

async function run(file: string, command: Command): Promise<void> {
  const config = readOrEnd(file, command, loadConfig);
  const policy = readOrEnd(config.policy, command, loadPolicy);
  const findings: readonly Finding[] = [
    good('the configuration', 'can be read'),
    good('the policy', 'can be read'),
    ...policyFindings(policy, config),
    ...('kubernetes' in config ? await clusterFindings(config, policy) : await machineFindings(config, policy)),
  ];
  command.configureOutput().writeOut?.(`${tableOf(findings)}\n`);
  const broken = findings.filter(({ verdict }) => verdict === 'NOT OK').length;
  if (broken > 0)
    command.error(`airlock doctor: ${broken} of ${findings.length} are not ok`, {
      exitCode: 1,
      code: 'airlock.doctor',
    });
}

/** Exits with 1 when something is not ok. It may run beside the gate, whose cells it leaves alone. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('try the walls of an installation')
    .description(
      'Checks configuration and policy, and tries from a cell, and from the network of the runners, what must be impossible and what must work. One line each; ends with 1 when something is not ok.',
    )
    .addOption(new Option('--config <file>', 'configuration file (YAML)').env('AIRLOCK_CONFIG').makeOptionMandatory())
    .action(({ config }: { readonly config: string }, command: Command) => run(config, command));
}
