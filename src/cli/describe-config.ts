// A configuration in plain words, for `airlock check`.

import type { ClusterConfig, Config, MachineConfig } from '../config/index.ts';

const minutes = (ms: number): string => `${Math.round(ms / 60_000)} minutes`;
const mebibytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`;

function describeCluster({ kubernetes, runners }: ClusterConfig): string {
  const { namespace, template, admission } = kubernetes;
  const lines = [
    `Cells are pods of ${namespace}, made from the PodTemplate ${template}; the ledger is there too.`,
    `Runners call at ${runners.listen}; they are pods of ${runners.serviceAccounts.join(', ')}.`,
  ];
  if (!admission)
    lines.push('No admission policy has to be enforced: whoever holds the token of this gate can make other pods.');
  if (runners.address === 'ignore') lines.push("A runner's token is taken from any address.");
  return lines.join('\n');
}

const risks = ({ selfTest }: Config): readonly string[] =>
  (selfTest?.accept ?? []).map(({ what, reason }) => `Cells may reach ${what}, although they should not: ${reason}`);

function describeMachine(config: MachineConfig): string {
  const { docker, sockets, github, fleet } = config;
  const lines = [`Cells run on ${docker.socket} in the network ${docker.network}.`];
  for (const { name, path } of sockets) lines.push(`The static runner ${name} has the socket ${path}.`);
  if (github !== undefined) {
    const { url, scope, credentials } = github;
    const whose =
      'organization' in scope ? `the organisation ${scope.organization}` : `the repository ${scope.repository}`;
    const by = 'app' in credentials ? `the App ${credentials.app}` : `the token in ${credentials.token}`;
    lines.push(`At ${url} the gate acts for ${whose} as ${by}.`);
  }
  if (fleet !== undefined) {
    const { idle, max, labels, group, network, deadline, limits } = fleet;
    lines.push(
      `Of the fleet ${idle} wait for a job and at most ${max} run, in the group ${group} with the labels ${labels.join(', ')}.`,
      `Each runs in the network ${network} for one job of at most ${minutes(deadline)}, with ${mebibytes(limits.memory)}, ${limits.cpus} processors and ${limits.pids} processes.`,
    );
  }
  return lines.join('\n');
}

/** Lines without a newline at the end. */
export function describeConfig(config: Config): string {
  const where = 'kubernetes' in config ? describeCluster(config) : describeMachine(config);
  return [where, ...risks(config)].join('\n');
}
