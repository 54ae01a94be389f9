// The list of builds, read for the nonce: how an unknown outcome of a trigger becomes a known one (recordings 20, 25).

import { Failure } from '../protocol/index.ts';
import { type Build, parseBuilds } from './answers.ts';
import type { Connection } from './connection.ts';
import { type TriggerTask, difference, isBroken } from './ours.ts';
import { paths } from './paths.ts';

export interface Found {
  /** Ours, lowest number first. */
  readonly ours: readonly Build[];
  /** A build of status error that our trigger may have made. */
  readonly broken?: Build | undefined;
  /** False: the list goes on beyond what was read, so what is not found may still be there. */
  readonly whole: boolean;
}

const maxPages = 50;
const pageSize = 100;

/**
 * One pass over the pages that may hold builds newer than `task.base`. New builds only push others to later pages, so a
 * pass can see one twice and misses none. @throws {Unanswered} {Failure} when a page cannot be read
 */
export async function findBuilds(
  connection: Connection,
  task: TriggerTask,
  options: { readonly call: number; readonly signal?: AbortSignal | undefined },
): Promise<Found> {
  const ours = new Map<number, Build>();
  let broken: Build | undefined;
  let whole = false;
  for (let page = 1; !whole && page <= maxPages; page++) {
    const answer = await connection.call(paths.builds(task.repository, page), {
      limit: options.call,
      signal: options.signal,
    });
    if (answer.status !== 200)
      throw new Failure('drone-answer-malformed', `Drone answered ${answer.status} for its list of builds`);
    const builds = parseBuilds(answer.body);
    for (const build of builds) {
      if (difference(task, build) === undefined) ours.set(build.number, build);
      else if (isBroken(task, build)) broken = build;
    }
    // Ids and numbers may differ in order by a few builds, never by a whole page.
    whole = builds.length < pageSize || builds.every((build) => build.number <= task.base);
  }
  return { ours: [...ours.values()].toSorted((a, b) => a.number - b.number), broken, whole };
}
