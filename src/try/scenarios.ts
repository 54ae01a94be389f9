// What the simulated Drone's builds do in `airlock try` and in the demo: a pipeline with a clone, a check and a deploy.

import type { DroneScenario, PlannedBuild } from './drone/index.ts';

export const outcomes = ['success', 'failure'] as const;
export type Outcome = (typeof outcomes)[number];

const green = (text: string): string => `\u001b[32m${text}\u001b[0m`;
const red = (text: string): string => `\u001b[31m${text}\u001b[0m`;

function cloneLines({ ref, after }: PlannedBuild): string[] {
  return [
    'Initialized empty Git repository in /drone/src/.git/\n',
    `+ git fetch origin +${ref}:\n`,
    `+ git checkout ${after} -b ${ref.replace(/^refs\/(?:heads|tags)\//, '')}\n`,
  ];
}

function deployLines({ params, after }: PlannedBuild, outcome: Outcome): string[] {
  const target = params['ENVIRONMENT'] ?? 'staging';
  const begin = [
    `+ ./deploy.sh ${target}\n`,
    `rolling out ${after.slice(0, 8)} to ${target}\n`,
    'pods ready: 1 of 3\n',
  ];
  if (outcome === 'success') return [...begin, 'pods ready: 3 of 3\n', `${green('deployed')} to ${target}\n`];
  return [...begin, 'pods ready: 1 of 3\n', `${red('error:')} deployment "widgets" exceeded its progress deadline\n`];
}

/** Each build prints what it was asked for, so that branch, commit and parameters can be seen in the job's log. */
export const simulatedPipeline =
  (outcome: Outcome) =>
  (build: PlannedBuild): DroneScenario => ({
    pendingMs: 300,
    stages: [
      {
        name: 'default',
        steps: [
          { name: 'clone', lines: cloneLines(build), ms: 200 },
          { name: 'check', lines: ['+ ./check.sh\n', '12 checks passed\n'], ms: 300 },
          { name: 'deploy', lines: deployLines(build, outcome), ms: 600, status: outcome },
        ],
      },
    ],
  });
