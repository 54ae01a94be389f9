// The old build of a promotion or rollback: it is read before anything is done, because the new one takes its commit, its
// ref and its parameters over. `ref` is compared, never `target` or `source`, which say what somebody wrote (API.md).

import { Failure, Refusal } from '../protocol/index.ts';
import { type Build, parseBuild } from './answers.ts';
import type { Connection } from './connection.ts';
import type { Again, TriggerTask } from './ours.ts';
import { paths } from './paths.ts';

export interface Promotion extends Again {
  readonly repository: string;
  /** What the old build has to be of; absent: it is not compared. */
  readonly ref?: string | undefined;
  readonly commit?: string | undefined;
}

const notAllowed = (message: string): Refusal =>
  new Refusal({
    code: 'build-not-allowed',
    message,
    rule: 'repositories[].allow[].builds',
    fix: 'set DRONE_BUILD to a build of this repository that the policy allows',
  });

/** @throws {Refusal} `build-not-allowed`; {Unanswered} {Failure} when the build cannot be read: nothing was sent yet */
export async function readOld(connection: Connection, promotion: Promotion, call: number): Promise<Build> {
  const { repository, number, ref, commit } = promotion;
  const answer = await connection.call(paths.build(repository, number), { limit: call });
  if (answer.status === 404) throw notAllowed(`Drone knows no build ${number} of ${connection.quote(repository)}`);
  if (answer.status !== 200)
    throw new Failure('drone-answer-malformed', `Drone answers ${connection.said(answer)} for the build ${number}`);
  const old = parseBuild(answer.body);
  if (old.number !== number)
    throw new Failure('drone-answer-malformed', `Drone shows the build ${old.number} for the build ${number}`);
  if (ref !== undefined && old.ref !== ref)
    throw notAllowed(`Drone's build ${number} is of ${connection.quote(old.ref)}, not of ${connection.quote(ref)}`);
  if (commit !== undefined && old.after !== commit)
    throw notAllowed(`Drone's build ${number} is of the commit ${connection.quote(old.after)}, not of ${commit}`);
  return old;
}

/** What the new build will be: new parameters win over old ones (recording 50), so the old nonce is replaced. */
export const promotedTask = (
  { event, number, target, params, repository }: Promotion,
  old: Build,
): Omit<TriggerTask, 'login' | 'base'> => ({
  repository,
  ref: old.ref,
  commit: old.after,
  params: { ...old.params, ...params },
  again: { event, number, target, params },
});
