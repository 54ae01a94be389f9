// The old builds that a promotion or a rollback may be made of, read for the gate, which chooses: one by its number, or
// the newest of the list that the order asks for.

import {
  Failure,
  type OldBuild,
  Refusal,
  type Wanted,
  canBeTold,
  maxCandidateBytes,
  maxCandidates,
} from '../protocol/index.ts';
import { type Build, parseBuild, parseBuilds } from './answers.ts';
import type { Answer, Connection } from './connection.ts';
import { paths } from './paths.ts';
import { Unanswered } from './unanswered.ts';
import { backoff, sleep } from './wait.ts';

export interface OldBuilds {
  readonly builds: readonly OldBuild[];
  /** Builds that were looked at. */
  readonly seen: number;
  /** False: the list goes on beyond what was read, or beyond what one report can hold. */
  readonly whole: boolean;
}

export interface ReadOptions {
  readonly repository: string;
  readonly call: number;
  readonly poll: number;
  /** Aborted: what fails is not tried again. */
  readonly cancel: AbortSignal;
}

const tries = 3;
const maxPages = 10;
const pageSize = 100;

const notAllowed = (message: string): Refusal =>
  new Refusal({
    code: 'build-not-allowed',
    message,
    rule: 'DRONE_BUILD',
    fix: 'set DRONE_BUILD to a build of this repository that the policy allows',
  });

/** Nothing was sent that changes anything, so what passes by itself may be asked for again. */
async function get(connection: Connection, path: string, { call, poll, cancel }: ReadOptions): Promise<Answer> {
  for (let failures = 0; ; failures++) {
    try {
      return await connection.call(path, { limit: call });
    } catch (error) {
      const passes = error instanceof Unanswered && error.code === 'drone-unreachable';
      if (!passes || failures + 1 === tries || cancel.aborted) throw error;
    }
    await sleep(backoff(failures, poll), cancel);
  }
}

/** The part of a build that a choice looks at. */
const oldOf = ({ number, event, status, ref, after, params = {} }: Build): OldBuild => ({
  number,
  event,
  status,
  ref,
  commit: after,
  params,
});

/** @throws {Refusal} `build-not-allowed`: there is none; {Unanswered} {Failure} it cannot be read */
export async function readOld(connection: Connection, number: number, options: ReadOptions): Promise<OldBuild> {
  const { repository } = options;
  const answer = await get(connection, paths.build(repository, number), options);
  if (answer.status === 404) throw notAllowed(`Drone knows no build ${number} of ${connection.quote(repository)}`);
  if (answer.status !== 200)
    throw new Failure('drone-answer-malformed', `Drone answers ${connection.said(answer)} for the build ${number}`);
  const old = oldOf(parseBuild(answer.body));
  if (old.number !== number)
    throw new Failure('drone-answer-malformed', `Drone shows the build ${old.number} for the build ${number}`);
  if (!canBeTold(old)) throw notAllowed(`Drone's build ${number} has parameters or a ref of no ordinary size`);
  return old;
}

function isWanted({ event, status, commit, params }: OldBuild, wanted: Wanted): boolean {
  const has = ([name, value]: readonly [string, string]): boolean =>
    Object.hasOwn(params, name) && params[name] === value;
  return (
    wanted.events.includes(event) &&
    status === wanted.status &&
    (wanted.commit === undefined || wanted.commit === commit) &&
    Object.entries(wanted.params ?? {}).every(has)
  );
}

/** Newest first, within the bounds of one report. @throws {Unanswered} {Failure} when a page cannot be read */
export async function newestBuilds(connection: Connection, wanted: Wanted, options: ReadOptions): Promise<OldBuilds> {
  const seen = new Set<number>();
  const builds: OldBuild[] = [];
  let bytes = 0;
  const found = (whole: boolean): OldBuilds => ({ builds, seen: seen.size, whole });
  for (let page = 1; page <= maxPages; page++) {
    const answer = await get(connection, paths.builds(options.repository, page), options);
    if (answer.status !== 200)
      throw new Failure('drone-answer-malformed', `Drone answered ${answer.status} for its list of builds`);
    const list = parseBuilds(answer.body);
    for (const old of list.map(oldOf)) {
      // New builds push others to later pages.
      if (seen.has(old.number)) continue;
      seen.add(old.number);
      if (!isWanted(old, wanted) || !canBeTold(old)) continue;
      bytes += Buffer.byteLength(JSON.stringify(old));
      if (builds.length === maxCandidates || bytes > maxCandidateBytes) return found(false);
      builds.push(old);
    }
    if (list.length < pageSize) return found(true);
  }
  return found(false);
}

/** The point in which a build is not what it was; undefined: it is the same. */
export function changed(before: OldBuild, now: OldBuild): string | undefined {
  const keys: readonly ('event' | 'status' | 'ref' | 'commit')[] = ['event', 'status', 'ref', 'commit'];
  const key = keys.find((one) => before[one] !== now[one]);
  if (key !== undefined) return `its ${key} is another`;
  const names = Object.keys(now.params);
  const same =
    names.length === Object.keys(before.params).length &&
    names.every((name) => Object.hasOwn(before.params, name) && before.params[name] === now.params[name]);
  return same ? undefined : 'its parameters are others';
}
