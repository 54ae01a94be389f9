// A configuration in plain words, for `airlock check`.

import type { Config } from '../config/index.ts';

const minutes = (ms: number): string => `${Math.round(ms / 60_000)} minutes`;
const mebibytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`;

/** Lines without a newline at the end. */
export function describeConfig({ docker, sockets, github, fleet }: Config): string {
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
