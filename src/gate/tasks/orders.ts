// The order: built from the plan that the policy granted, the operator's settings and secrets, and nothing else. No
// field of a request is passed through (DESIGN.md, Rooms).

import { type DronePolicy, type Plan, type Policy, wantedBuilds } from '../../policy/index.ts';
import {
  type LostPromotion,
  type OldBuild,
  type Order,
  type OrderLimits,
  type RecoverWish,
  orderVersion,
  parseOrder,
} from '../../protocol/index.ts';
import { type Timing, defaultTiming } from '../timing.ts';
import type { Secrets } from './secrets.ts';

export function orderLimits({ limits }: Policy, { order }: Timing): OrderLimits {
  const { queue, run, reconnect, logBytes } = limits;
  return { ...order, queue, blocked: queue, run, reconnect, logBytes };
}

/** The longest that a cell may take for everything together, milliseconds. */
export function longest(limits: OrderLimits): number {
  const { trigger, lookup, queue, blocked, run, cancel, lost } = limits;
  return 2 * trigger + lookup + queue + blocked + run + cancel + lost;
}

/** Seconds that the container of a cell needs to live, from its start for an idle job to the end of its longest task. */
export function cellDeadline(policy: Policy, timing: Timing = defaultTiming): number {
  const limits = orderLimits(policy, timing);
  return Math.ceil((timing.idleCell + longest(limits) + limits.reconnect + timing.margin) / 1000);
}

export interface OrderParts {
  readonly id: string;
  readonly nonce: string;
  readonly plan: Plan;
  readonly drone: DronePolicy;
  readonly secrets: Secrets;
  readonly limits: OrderLimits;
  /** A cell was lost: the build of the same nonce is looked for, by its number if that is known, and above `base`. */
  readonly recover?:
    | {
        readonly number: number | null;
        readonly base: number | undefined;
        readonly choice: OldBuild | undefined;
        readonly then: RecoverWish;
      }
    | undefined;
}

const againOf = (kind: Plan['kind'], of: OldBuild | undefined): LostPromotion | undefined =>
  kind === 'build' || of === undefined ? undefined : { event: kind, of };

/** @throws {Refusal} `input-*`: the parts do not make an order; a defect, never the author's fault */
export function makeOrder({ id, nonce, plan, drone, secrets, limits, recover }: OrderParts): Order {
  const { kind, repository, ref, commit, build, target, params, expect, log, disabled } = plan;
  const { server, address, proxy, logins, publicUrl } = drone;
  return parseOrder({
    v: orderVersion,
    id,
    kind: recover === undefined ? kind : 'recover',
    drone: { server, address, ca: secrets.ca, proxy, token: secrets.token, logins, publicUrl },
    repository,
    ref,
    commit,
    build: recover === undefined ? build : (recover.number ?? undefined),
    target,
    choose: recover === undefined ? wantedBuilds(plan) : undefined,
    again: recover === undefined ? undefined : againOf(kind, recover.choice),
    base: recover?.base,
    nonce,
    params,
    expect,
    log,
    redact: secrets.redact,
    disabled,
    limits,
    then: recover?.then,
  });
}
