// Which old build a promotion or a rollback may be made of, pure: what Drone has, what this gate has made, and the plan
// in; the build or a refusal out. What stands in a build is attacker-controlled: whoever may write to the repository in
// Drone starts builds of any commit with any parameters, restarts them, and promotes them by hand (THREATS.md).

import { type OldBuild, Refusal, isPlainCommit, isPlainRef, nonceParam, quote } from '../protocol/index.ts';
import { ownPath } from './closest.ts';
import { anyOf } from './difference.ts';
import { refFits } from './glob.ts';
import { oldParams } from './old-params.ts';
import type { ChoiceRule, Plan } from './types.ts';

export interface Candidates {
  readonly builds: readonly OldBuild[];
  /** Builds that were looked at. */
  readonly seen: number;
  /** False: Drone has more. */
  readonly whole: boolean;
}

/** A build that this gate asked Drone for, for the same repository, and whose task ended with success. */
export interface MadeBuild {
  readonly number: number;
  readonly event: 'custom' | 'promote' | 'rollback';
  readonly ref?: string | undefined;
  /** Absent: the head of the ref was built. */
  readonly commit?: string | undefined;
  /** The nonce included. */
  readonly params: Readonly<Record<string, string>>;
}

/** Why a build is not the one. */
export interface Miss {
  /** Key of the entry. */
  readonly rule: string;
  readonly text: string;
  readonly fix: string;
}

interface Compared {
  readonly old: OldBuild;
  readonly plan: Plan;
  readonly rule: ChoiceRule;
  readonly made: readonly MadeBuild[];
}
type Point = (compared: Compared) => Miss | undefined;

const extend = (key: string): string =>
  `set DRONE_BUILD to a build that is allowed, or ask the operator to extend ${key}`;
const own = (params: OldBuild['params'], name: string): string | undefined =>
  Object.hasOwn(params, name) ? params[name] : undefined;

/** The source that a build serves: its own, or what a trusted pipeline was told. */
const refOf = ({ ref, params }: OldBuild, { pipeline }: ChoiceRule): string | undefined =>
  pipeline === undefined ? ref : own(params, 'AIRLOCK_REF');
const commitOf = ({ commit, params }: OldBuild, { pipeline }: ChoiceRule): string | undefined =>
  pipeline === undefined ? commit : own(params, 'AIRLOCK_COMMIT');

const number: Point = ({ old, plan }) =>
  plan.build === undefined || plan.build === old.number
    ? undefined
    : { rule: 'builds', text: `it is not build ${plan.build}`, fix: 'run the job again' };

const event: Point = ({ old, rule }) =>
  rule.events.includes(old.event)
    ? undefined
    : {
        rule: 'builds.events',
        text: `its event is ${quote(old.event)}, the entry wants ${anyOf(rule.events)}`,
        fix: extend('builds.events'),
      };

const status: Point = ({ old, rule }) =>
  rule.status === old.status
    ? undefined
    : {
        rule: 'builds.status',
        text: `its status is ${quote(old.status)}, the entry wants ${rule.status}`,
        fix: 'choose a build that succeeded, or none for the newest that did',
      };

function sameParams(a: OldBuild['params'], b: OldBuild['params']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => own(b, name) === a[name]);
}

/** The number alone says nothing: Drone may have been restored from a backup, or be another one at the same address. */
const isMade = (old: OldBuild, made: readonly MadeBuild[]): boolean =>
  made.some(
    (one) =>
      one.number === old.number &&
      one.event === old.event &&
      (one.ref === undefined || one.ref === old.ref) &&
      (one.commit === undefined || one.commit === old.commit) &&
      sameParams(one.params, old.params),
  );

/** Drone makes these for whoever calls its API, of any commit. A trusted pipeline's parameters say nothing in another's build. */
const madeHere: Point = ({ old, rule, made }) => {
  const byCall = old.event === 'custom' || old.event === 'promote' || old.event === 'rollback';
  if ((!byCall && rule.pipeline === undefined) || isMade(old, made)) return undefined;
  const why = rule.pipeline === undefined ? `its event is ${old.event}` : 'the pipeline is a trusted one';
  return {
    rule: 'builds.events',
    text: `${why}, and the ledger does not say that this gate made it for this repository and saw its success`,
    fix: 'choose a build that a job of this repository started here within the last days, and that succeeded',
  };
};

const plain: Point = ({ old, rule }) => {
  const isPlain = isPlainRef(old.ref) && isPlainCommit(old.commit);
  const source = isPlainRef(refOf(old, rule) ?? '') && isPlainCommit(commitOf(old, rule) ?? '');
  return isPlain && source
    ? undefined
    : {
        rule: 'plain ref and commit',
        text: `its ref ${quote(refOf(old, rule) ?? '', 250)} or its commit is not plain enough for Drone`,
        fix: 'choose a build of a branch or tag with a plain name',
      };
};

const pipeline: Point = ({ old, rule }) => {
  if (rule.pipeline === undefined) return undefined;
  const { ref, commit } = rule.pipeline;
  if (old.ref === ref && (commit === undefined || old.commit === commit)) return undefined;
  return {
    rule: 'pipeline',
    text: `its .drone.yml is of ${quote(old.ref, 250)} at ${quote(old.commit)}, the policy wants ${ref}${commit === undefined ? '' : ` at ${commit}`}`,
    fix: 'choose a build that ran the pipeline that the policy names now',
  };
};

const ref: Point = ({ old, rule }) => {
  const of = refOf(old, rule) ?? '';
  if (rule.refs.some((glob) => refFits(glob, of))) return undefined;
  return {
    rule: 'builds.refs',
    text: `it is of ${quote(of, 250)}, the entry wants ${anyOf(rule.refs)}`,
    fix: extend('builds.refs'),
  };
};

const commit: Point = ({ old, rule }) => {
  const of = commitOf(old, rule) ?? '';
  if (rule.commit === 'any' || of === rule.source) return undefined;
  return {
    rule: 'builds.commit',
    text: `it is of the commit ${quote(of)}, the job is of ${rule.source}`,
    fix: "choose a build of the job's own commit, or ask the operator for builds.commit: any",
  };
};

const points: readonly Point[] = [number, event, status, madeHere, plain, pipeline, ref, commit, oldParams];

function missOf(compared: Compared): Miss | undefined {
  for (const point of points) {
    const miss = point(compared);
    if (miss !== undefined) return miss;
  }
  return undefined;
}

const verbs = { build: 'built', promote: 'promoted', rollback: 'rolled back to' } as const;

function refusal(plan: Plan, { rule, text, fix }: Miss, of: (verb: string) => string): Refusal {
  return new Refusal({
    code: 'build-not-allowed',
    message: `${of(verbs[plan.kind])}: ${text}`,
    rule: `${ownPath(plan.entry)}.${rule}`,
    fix,
  });
}

function nothingFound({ events, status: wanted, commit: wish, source }: ChoiceRule, { seen, whole }: Candidates): Miss {
  const at = wish === 'same' ? ` for the commit ${source}` : '';
  const more = whole ? '' : ', and there are older ones';
  return {
    rule: 'builds',
    text: `none of ${seen} has the event ${anyOf(events)} and the status ${wanted}${at}${more}`,
    fix: 'let such a build run first, or set DRONE_BUILD to one',
  };
}

/** The asked one, or without DRONE_BUILD the newest that fits. */
export function chooseBuild(plan: Plan, found: Candidates, made: readonly MadeBuild[]): OldBuild | Refusal {
  const rule = plan.builds;
  const newest = found.builds.toSorted((a, b) => b.number - a.number);
  const noneMay = (verb: string): string => `no build of Drone's may be ${verb}`;
  if (rule === undefined)
    return refusal(plan, { rule: 'builds', text: 'the plan has no rule for it', fix: 'run the job again' }, noneMay);
  let first: { readonly old: OldBuild; readonly miss: Miss } | undefined;
  for (const old of newest) {
    const miss = missOf({ old, plan, rule, made });
    if (miss === undefined) return old;
    first ??= { old, miss };
  }
  if (first === undefined) return refusal(plan, nothingFound(rule, found), noneMay);
  const { old, miss } = first;
  if (plan.build !== undefined) return refusal(plan, miss, (verb) => `Drone's build ${old.number} may not be ${verb}`);
  const of = `${newest.length === 1 ? 'the only one' : `the newest of ${newest.length}`} that could be meant`;
  return refusal(plan, miss, (verb) => `${noneMay(verb)}; build ${old.number}, ${of}`);
}

/** Everything that the new build will have but for its nonce. */
export function inheritedNames(plan: Plan, old: OldBuild): readonly string[] {
  return Object.keys(old.params).filter((name) => name !== nonceParam && !Object.hasOwn(plan.params, name));
}
