// A policy in plain words: who may do what. For `airlock check`, so that an operator reads what the gate will do and not
// what they meant to write.

import type { AllowEntry, ParamRule, Policy, RepositoryPolicy } from '../policy/index.ts';

const or = (words: readonly string[]): string => words.join(' or ');

function param([name, { values, pattern, required }]: readonly [string, ParamRule]): string {
  const value =
    values === undefined ? `matching ${pattern?.source ?? ''}` : or(values.map((text) => JSON.stringify(text)));
  return `${name} ${value}${required ? ' (required)' : ''}`;
}

function entryRows(entry: AllowEntry, { pipeline }: RepositoryPolicy): (readonly [string, string])[] {
  const { builds, params } = entry;
  const protection = pipeline === 'same' && !entry.unprotected ? ', if GitHub protects it' : '';
  const rows: (readonly [string, string | undefined])[] = [
    ['on', `${or(entry.events)} at ${or(entry.refs)}${protection}`],
    ['from', entry.workflows === undefined ? undefined : or(entry.workflows)],
    ['inside', entry.calledWorkflows === undefined ? undefined : or(entry.calledWorkflows)],
    ['in', entry.environment === undefined ? undefined : `environment ${entry.environment}`],
    ['to', entry.targets === undefined ? undefined : or(entry.targets)],
    [
      'of',
      builds === undefined ? undefined : `${or(builds.events)} builds at ${or(builds.refs)}, ${builds.commit} commit`,
    ],
    ['with', params.size === 0 ? 'no parameters' : [...params].map(param).join(', ')],
    ['green if', entry.expect === undefined ? undefined : `${entry.expect.steps.join(', ')} succeeded`],
    ['if lost', entry.whenLost === 'cancel' ? 'the build is cancelled' : undefined],
  ];
  return rows.flatMap(([label, text]) => (text === undefined ? [] : [[label, text] as const]));
}

function pipelineOf({ pipeline }: RepositoryPolicy): string {
  if (pipeline === 'same') return "the job's own commit writes the pipeline";
  const { repository, branch, commit } = pipeline;
  return `the pipeline is that of ${repository}, ${commit === undefined ? `branch ${branch}` : `commit ${commit}`}`;
}

function repositoryLines(repository: RepositoryPolicy, policy: Policy): string[] {
  const log = repository.log ?? 'status if public, else full';
  const server = policy.drones.get(repository.drone)?.server ?? repository.drone;
  const lines = [
    `${repository.repository} (id ${repository.id}) on ${server}`,
    `  ${pipelineOf(repository)}; log: ${log}`,
  ];
  if (repository.disabled === 'accepted') lines.push('  built even if it is disabled in Drone');
  if (repository.allow.length === 0) lines.push('  may do nothing');
  for (const entry of repository.allow) {
    lines.push(`  may ${entry.task}`);
    for (const [label, text] of entryRows(entry, repository)) lines.push(`    ${label.padEnd(9)}${text}`);
  }
  return lines;
}

/** Lines without a newline at the end. */
export function describePolicy(policy: Policy): string {
  const blocks = policy.repositories.map((repository) => repositoryLines(repository, policy).join('\n'));
  return [
    ...blocks,
    blocks.length === 0 ? 'Nobody may do anything: no repository is listed.' : 'Nobody else may do anything.',
  ].join('\n\n');
}
