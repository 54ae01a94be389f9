// Where a played job differs from the recorded one and has to. Every entry is checked: one that no longer holds fails.

export interface Difference {
  /** Number of the call, then the way to the value. */
  readonly path: string;
  readonly recorded: unknown;
  readonly played: unknown;
  readonly reason: string;
}

// The post part of an action comes right before cleanup_job, and the variables of the last step that ran stay set.
const reason = 'the last step that ran was the post part of an action, which is not played';

const fileCommands = ['add_path', 'set_env', 'step_summary', 'save_state', 'set_output', 'artifacts', 'artifacts_list'];
const variables = ['PATH', 'ENV', 'STEP_SUMMARY', 'STATE', 'OUTPUT', 'ARTIFACTS', 'ARTIFACTS_LIST'];
const commandFile = (prefix: string | undefined, guid: number) =>
  `/home/runner/_work/_temp/_runner_file_commands/${prefix}_guid-${guid}`;

export const differences: Readonly<Record<string, readonly Difference[]>> = {
  'js-action': [
    { path: '1/env/GITHUB_ACTION', recorded: '__octo_js', played: '__octo_node24', reason },
    { path: '1/env/GITHUB_ACTION_REPOSITORY', recorded: 'octo/js', played: 'octo/node24', reason },
  ],
  'docker-actions': [
    { path: '2/env/GITHUB_ACTION', recorded: '__octo_dockerimage', played: '__alpine_3', reason },
    { path: '2/env/GITHUB_ACTION_REF', recorded: 'v1', played: '', reason },
    { path: '2/env/GITHUB_ACTION_REPOSITORY', recorded: 'octo/dockerimage', played: '', reason },
    ...variables.map((name, index) => ({
      path: `2/env/GITHUB_${name}`,
      recorded: commandFile(fileCommands[index], 5),
      played: commandFile(fileCommands[index], 3),
      reason,
    })),
  ],
};
