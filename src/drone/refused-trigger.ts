// What Drone means when it answers a trigger with something else than 200. 404 has five meanings (recordings 14, 15, 16,
// 22, 70): GitHub's own message tells three of them, for a bare "Not Found" the repository is looked at once more.

import { Failure, Refusal, quote } from '../protocol/index.ts';
import type { User } from './answers.ts';
import type { Answer, Connection } from './connection.ts';
import type { TriggerTask } from './ours.ts';
import { checkRepository, unauthorized } from './preflight.ts';
import { isUndecided } from './unanswered.ts';

const commitNotFound = (task: TriggerTask, message: string, fix: string): Refusal =>
  new Refusal({
    code: 'drone-commit-not-found',
    message: `Drone cannot read ${task.commit === undefined ? quote(task.ref) : `the commit ${task.commit}`} of ${quote(task.repository)}: ${message}`,
    rule: 'repositories[].pipeline',
    fix,
  });

const scmSays = (
  code: 'drone-owner-access-lost' | 'drone-scm-failed',
  task: TriggerTask,
  said: string,
  fix: string,
): Refusal =>
  new Refusal({
    code,
    message: `Drone could not ask the source code host for ${quote(task.repository)}: ${said}`,
    rule: 'repositories[].pipeline',
    fix,
  });

const configMissing = (connection: Connection, task: TriggerTask, answer: Answer): Refusal =>
  new Refusal({
    code: 'drone-config-missing',
    message: `Drone found no .drone.yml at ${task.commit ?? quote(task.ref)} of ${quote(task.repository)} (it says ${connection.said(answer)})`,
    rule: '.drone.yml',
    fix: 'add .drone.yml at this commit, or let the policy name the repository whose .drone.yml runs',
  });

interface RefusedOptions {
  readonly user: User;
  readonly disabled?: 'accepted' | undefined;
  readonly limits: { readonly call: number; readonly poll: number };
}

async function notFound(
  connection: Connection,
  task: TriggerTask,
  answer: Answer,
  options: RefusedOptions,
): Promise<Refusal> {
  const { message } = answer;
  if (message.startsWith('No commit found for SHA'))
    return commitNotFound(task, 'GitHub does not know it', 'push it first, or check the ref that the policy names');
  if (message === 'sql: no rows in result set')
    return new Refusal({
      code: 'drone-repository-disabled',
      message: `the repository ${quote(task.repository)} was never enabled in Drone`,
      rule: 'repositories[].pipeline.repository',
      fix: "the repository's admin activates it in Drone's settings",
    });
  if (message === 'Bad credentials' || message === 'Unauthorized')
    return scmSays(
      'drone-owner-access-lost',
      task,
      'it no longer accepts the account that enabled the repository in Drone',
      'that account logs in to Drone once more, or another admin of the repository takes it over there (chown)',
    );
  if (message !== 'Not Found')
    return scmSays(
      'drone-scm-failed',
      task,
      `its answer, as Drone hands it on, was ${connection.said(answer)}`,
      'run the job again later; if it lasts, the operator looks at what Drone logs about the source code host',
    );
  try {
    await checkRepository(connection, options.user, {
      repository: task.repository,
      disabled: options.disabled,
      call: options.limits.call,
      poll: options.limits.poll,
    });
  } catch (error) {
    if (error instanceof Refusal) return error;
  }
  return commitNotFound(
    task,
    'it does not exist there, or the account that enabled the repository in Drone may not read it any more, or Drone could not refresh its permissions at that moment',
    'check that the commit is pushed; run the job again; if it lasts, an admin of the repository logs in to Drone once more',
  );
}

/**
 * Why Drone refused; undefined: its answer leaves open whether there is a build. Of the 5xx only the two of a missing
 * .drone.yml are known to have made none (recordings 12 and 13).
 */
export async function refusedTrigger(
  connection: Connection,
  task: TriggerTask,
  answer: Answer,
  options: RefusedOptions,
): Promise<Refusal | Failure | undefined> {
  const { status, message } = answer;
  if (status === 401 || status === 403) return unauthorized();
  if (status === 404) return notFound(connection, task, answer, options);
  if (status === 500 && (message === 'configuration: not found' || message === 'Not Found'))
    return configMissing(connection, task, answer);
  if (status === 501 && task.again !== undefined)
    return new Refusal({
      code: 'task-not-available',
      message: `this Drone has no ${task.again.event}: it is its open source edition`,
      rule: 'repositories[].allow[].task',
      fix: 'let the job start a build (drone build), or the operator runs an edition of Drone that has it',
    });
  if (isUndecided(status)) return undefined;
  return new Failure('drone-answer-malformed', `Drone answered the trigger with ${connection.said(answer)}`);
}
