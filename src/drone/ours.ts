// Which builds are ours. There is no request id in Drone and the same request twice is two builds (recording 20); the
// nonce in the parameters, everything that we sent, and our login tell them apart from planted, promoted and restarted ones.

import { nonceParam } from '../protocol/index.ts';
import type { Build } from './answers.ts';

/** An old build that is promoted or rolled back; the new one has its commit, its ref, and its parameters but for new values. */
export interface Again {
  readonly event: 'promote' | 'rollback';
  /** The old build. */
  readonly number: number;
  readonly target: string;
  /** What is sent; `params` of the task are what comes of it. */
  readonly params: Readonly<Record<string, string>>;
}

export interface TriggerTask {
  readonly repository: string;
  /** Full ref. */
  readonly ref: string;
  /** Absent: Drone takes the head of `ref`. */
  readonly commit?: string | undefined;
  /** AIRLOCK_NONCE included. */
  readonly params: Readonly<Record<string, string>>;
  /** The token's account. */
  readonly login: string;
  /** The newest build's number before the trigger. */
  readonly base: number;
  /** Absent: a build of its own. */
  readonly again?: Again | undefined;
}

function sameParams(sent: Readonly<Record<string, string>>, got: Readonly<Record<string, string>> = {}): boolean {
  const keys = Object.keys(got);
  return (
    keys.length === Object.keys(sent).length && keys.every((key) => Object.hasOwn(sent, key) && sent[key] === got[key])
  );
}

export const hasNonce = (task: TriggerTask, build: Build): boolean =>
  build.params !== undefined &&
  Object.hasOwn(build.params, nonceParam) &&
  build.params[nonceParam] === task.params[nonceParam];

/** No order made it, as far as one can see: a redirected trigger, for example, loses its query and the nonce with it. */
export const hasNoNonce = ({ params }: Build): boolean => params === undefined || !Object.hasOwn(params, nonceParam);

/** `custom` unless an old build is promoted or rolled back. */
export const eventOf = ({ again }: TriggerTask): string => again?.event ?? 'custom';

/** `parent` and `deploy_to` are left out where there is none. */
const differentOrigin = ({ again }: TriggerTask, { parent = 0, deploy_to: target = '' }: Build): string | undefined => {
  if (again === undefined) return parent === 0 ? undefined : 'it repeats another build';
  if (parent !== again.number) return `it is not made of build ${again.number}`;
  return target === again.target ? undefined : 'its target is another';
};

/** The point in which a build is not what the task asked for; undefined: it is. Everything, in the documented order. */
export function difference(task: TriggerTask, build: Build): string | undefined {
  if (build.number <= task.base) return `its number ${build.number} is not new`;
  if (build.event !== eventOf(task)) return `its event is not ${eventOf(task)}`;
  const origin = differentOrigin(task, build);
  if (origin !== undefined) return origin;
  if (task.commit !== undefined && build.after !== task.commit) return 'its commit is another';
  if (build.ref !== task.ref) return 'its ref is another';
  if (!sameParams(task.params, build.params)) return 'its parameters are others';
  if (build.trigger !== task.login) return 'another account started it';
  return undefined;
}

/**
 * A build that Drone made of our trigger although .drone.yml is broken: it has neither params nor trigger (recording 12),
 * so only the account, the commit and the ref are left to compare.
 */
export const isBroken = (task: TriggerTask, build: Build): boolean =>
  build.status === 'error' &&
  build.params === undefined &&
  build.number > task.base &&
  build.event === eventOf(task) &&
  differentOrigin(task, build) === undefined &&
  // The sender of a promoted build stays the old one's.
  (task.again !== undefined || build.sender === task.login) &&
  build.ref === task.ref &&
  (task.commit === undefined || build.after === task.commit);

/** Drone may have been restored from a backup, a proxy may mix answers up: a number alone does not say that it is the same build. */
export const sameBuild = (first: Build, build: Build): boolean =>
  build.number === first.number &&
  build.after === first.after &&
  build.params?.[nonceParam] === first.params?.[nonceParam];
