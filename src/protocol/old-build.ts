// An old build of Drone's, which a promotion or a rollback makes a new one of. The cell reads it, since only cells reach
// Drone; the gate chooses it, since only the gate has policy and ledger. So it is told twice: by the cell as a candidate,
// whose texts anybody with access to Drone may have written, and by the gate as the chosen one, which is plain.

import * as v from 'valibot';
import type { Schema } from './parse.ts';
import { commitString, count, oneOf, positive, refString, text } from './plain.ts';
import { paramName } from './request.ts';
import { strict } from './schema.ts';
import { texts } from './shape.ts';

export interface OldBuild {
  readonly number: number;
  /** Drone's own words. */
  readonly event: string;
  readonly status: string;
  /** Full ref; never `target` or `source`, which say what somebody wrote (API.md). */
  readonly ref: string;
  /** Drone's `after`. */
  readonly commit: string;
  /** All of them, the nonce of an older task included. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * A cell asks for its choice: every build of Drone's that may be meant. Numbered as state events are, so that it is
 * repeated and never lost; it does not reach the hook.
 */
export interface BuildsEvent {
  readonly k: 'builds';
  readonly n: number;
  /** Number of the newest build before anything was asked for: a build of ours has a higher one. */
  readonly base: number;
  /** Builds that were looked at, reported or not. */
  readonly seen: number;
  /** Whether the list was read to its end. */
  readonly whole: boolean;
  readonly builds: readonly OldBuild[];
}

/** What a cell leaves out of its report, so that a busy repository's builds are few: the gate compares again, and more. */
export interface Wanted {
  readonly events: readonly string[];
  readonly status: string;
  readonly commit?: string | undefined;
  /** Parameters that the build must have. */
  readonly params?: Readonly<Record<string, string>> | undefined;
}

/** Builds that one event reports. */
export const maxCandidates = 100;
/** Bytes of JSON that they have together, and parameters that one of them has. */
export const maxCandidateBytes = 262_144;
const maxParams = 64;

const parameters = (isName: (name: string) => boolean) =>
  texts({ isName, names: 'the name of a parameter', maxLength: 4096, maxEntries: maxParams });

/* @__NO_SIDE_EFFECTS__ */
const candidate = (): Schema<OldBuild> =>
  strict({
    number: positive,
    event: text(64),
    status: text(64),
    ref: text(512),
    commit: text(64),
    params: parameters((name) => name.length <= 256),
  });

/** Whatever the globs of a policy say: Drone's exec runner puts the ref into a shell line. */
/* @__NO_SIDE_EFFECTS__ */
export const chosenBuild = (): Schema<OldBuild> =>
  strict({
    number: positive,
    event: text(64),
    status: text(64),
    ref: refString,
    commit: commitString,
    params: parameters((name) => paramName.test(name)),
  });

/* @__NO_SIDE_EFFECTS__ */
export const wanted = (): Schema<Wanted> =>
  strict({
    events: v.array(text(64)),
    status: text(64),
    commit: v.optional(commitString),
    params: v.optional(parameters((name) => paramName.test(name))),
  });

/* @__NO_SIDE_EFFECTS__ */
export const buildsEvent = (): Schema<BuildsEvent> =>
  strict({
    k: oneOf(['builds']),
    n: positive,
    base: count,
    seen: count,
    whole: oneOf([true, false]),
    builds: v.pipe(
      v.array(candidate()),
      v.check(({ length }) => length <= maxCandidates, `at most ${maxCandidates} builds`),
      v.check((all) => new Set(all.map(({ number }) => number)).size === all.length, 'each build once'),
    ),
  });

/** Whether a report can tell it: what is beyond this is nobody's ordinary build. */
export const canBeTold = ({ event, ref, commit, params }: OldBuild): boolean => {
  const all = Object.entries(params);
  const fits = ([name, value]: readonly [string, string]): boolean =>
    name !== '__proto__' && name.length <= 256 && value.length <= 4096;
  return event.length <= 64 && ref.length <= 512 && commit.length <= 64 && all.length <= maxParams && all.every(fits);
};
