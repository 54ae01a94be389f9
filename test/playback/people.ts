// Accounts and repositories as the recorded Drone shows them to who asks; where this recording does not tell, as the
// others do, or as they must have been for what was answered.

import { type Frame, type Recording, framesOf, jsonOf, recording } from '../support/recordings.ts';
import { type Story, listsOf } from '../support/stories.ts';
import { isBuild } from './sightings.ts';

type Json = Record<string, unknown>;

const answered = (frame: Frame | undefined): Json | undefined =>
  frame !== undefined && 'status' in frame && frame.status === 200 ? (jsonOf(frame) as Json) : undefined;
const plain = (json: unknown): Frame => ({ at: 0, status: 200, json });
const refused = (status: number, message: string): Frame => ({ at: 0, status, body: `{"message":"${message}"}\n` });

/** `GET /api/user` with somebody's token. */
export function userOf(from: Recording, as: string | undefined): Frame {
  if (as === undefined || as === 'nobody') return refused(401, 'Unauthorized');
  const known = [from, recording('02')].flatMap((one) => framesOf(one, 'GET', '/api/user', as)).find(answered);
  return known ?? plain({ id: 1, login: as, email: '', machine: false, admin: false, active: true });
}

/** The last description of a repository, whoever it was for. */
function describedIn(from: Recording, repository: string): Json | undefined {
  const all = from.items.flatMap((item): readonly unknown[] => {
    if (item.kind === 'note' || item.kind === 'stream') return [];
    const answers: readonly Frame[] = item.kind === 'poll' ? item.answers : item.response ? [item.response] : [];
    return answers.flatMap((answer) => answered(answer) ?? []);
  });
  return all.flat().findLast((one): one is Json => (one as Json | null)?.['slug'] === repository);
}

/** The highest number in the recorded lists: without a build of ours, all of them are older. */
function newestOf({ recording: from, repository }: Story): number {
  const builds = listsOf(from, repository).flatMap((list) => (jsonOf(list) as unknown[] | null) ?? []);
  return Math.max(0, ...builds.filter(isBuild).map(({ number }) => number));
}

const permissionsOf = (as: string | undefined): unknown => {
  const asks = framesOf(recording('04'), 'GET', '/api/repos/octo/hello', as);
  return asks.length === 0 ? { read: true, write: true, admin: false } : answered(asks[0])?.['permissions'];
};

/** `GET /api/repos/{owner}/{name}` as the trigger's sender sees it. `timeout`: minutes; absent: as it is known. */
export function repositoryOf(story: Story, timeout?: number): Frame {
  const { recording: from, repository, as, exchange } = story;
  const path = `/api/repos/${repository}`;
  const asked = [from, recording('04')].flatMap((one) => framesOf(one, 'GET', path, as));
  const seen = asked.map(answered).find((json) => json !== undefined);
  // A refusal counts where the trigger met the same one: it may have come and gone.
  const turned = asked.find(
    (one) => 'status' in one && one.status >= 400 && one.status === exchange.response?.status && seen === undefined,
  );
  if (turned !== undefined) return turned;
  const known =
    seen ??
    [from, recording('04'), recording('01')]
      .map((one) => describedIn(one, repository))
      .find((json) => json !== undefined);
  if (known === undefined && exchange.response?.status === 404) return refused(404, 'Not Found');
  const described = known ?? answered(framesOf(recording('04'), 'GET', '/api/repos/octo/hello', 'bot')[0]);
  const [namespace, name] = repository.split('/');
  return plain({
    ...described,
    namespace,
    name,
    slug: repository,
    permissions: seen === undefined ? permissionsOf(as) : seen['permissions'],
    counter: (story.number ?? newestOf(story) + 1) - 1,
    ...(timeout === undefined ? {} : { timeout }),
  });
}
