// The policy while the gate runs: it may be replaced by a newer one, and whoever holds this one asks the newest. What is
// being decided stays whole, since a decision never waits; a task keeps the plan and the hash that it was decided with.

import type { Policy } from '../policy/index.ts';

export interface LivePolicy {
  /** Always the newest. Never spread it: a copy is the policy of that moment. */
  readonly policy: Policy;
  replace(next: Policy): void;
}

export function livePolicy(first: Policy): LivePolicy {
  let current = first;
  return {
    policy: {
      get version() {
        return current.version;
      },
      get hash() {
        return current.hash;
      },
      get image() {
        return current.image;
      },
      get identity() {
        return current.identity;
      },
      get drones() {
        return current.drones;
      },
      get repositories() {
        return current.repositories;
      },
      get limits() {
        return current.limits;
      },
    },
    replace(next) {
      current = next;
    },
  };
}

/**
 * What of a newer policy a running gate cannot take on, since its cells and its proofs are made from it: named as in the
 * file.
 */
export function needsRestart(before: Policy, after: Policy): readonly string[] {
  const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
  return [
    ...(before.image.run === after.image.run ? [] : ['image.run']),
    ...(differs(before.identity, after.identity) ? ['identity'] : []),
  ];
}
