// The decision, pure: policy, claims and what is asked for in, a plan or a refusal out. Its order is the policy's own:
// who asks, is there one entry that the job fits whole, is all that travels plain, is it small enough.

import { Refusal } from '../protocol/index.ts';
import type { Claims } from './claims.ts';
import { type Miss, closestDenial } from './closest.ts';
import type { Compared, Difference } from './difference.ts';
import { repositoryOf } from './identify.ts';
import { notPlain } from './plain-claims.ts';
import { logLevelOf, planOf } from './plan.ts';
import { differences, jobDifferences } from './points.ts';
import type { Ask, Decision, Denial, Policy, Rehearsal } from './types.ts';

/** The first entry that the job fits whole; a job may not put the parts of several entries together. */
function fitting(policy: Policy, claims: Claims, compare: (compared: Compared) => Difference[]): Compared | Denial {
  const repository = repositoryOf(policy, claims);
  if ('allowed' in repository) return repository;
  const misses: Miss[] = [];
  for (const entry of repository.allow) {
    const compared = { entry, repository, claims };
    const found = compare(compared);
    if (found.length === 0) return compared;
    misses.push({ entry, differences: found });
  }
  return closestDenial(repository, misses);
}

const denied = (refusal: Refusal, { entry }: Compared): Denial => ({
  allowed: false,
  refusal,
  detail: `fits ${entry.path}, but ${refusal.message}`,
});

/** Whether this job may do this task, and what exactly is then granted. */
export function decide(policy: Policy, claims: Claims, ask: Ask): Decision {
  const found = fitting(policy, claims, (compared) => differences(compared, ask));
  if ('allowed' in found) return found;
  const ugly = notPlain(claims, found.entry.task === 'drone build' ? undefined : ask.target);
  if (ugly !== undefined) return denied(ugly, found);
  const plan = planOf(found, ask);
  return plan instanceof Refusal ? denied(plan, found) : { allowed: true, plan };
}

/** Whether any entry fits this job with task, parameters, target and build left out. It grants nothing. */
export function rehearse(policy: Policy, claims: Claims): Rehearsal {
  const found = fitting(policy, claims, jobDifferences);
  if ('allowed' in found) return found;
  const ugly = notPlain(claims);
  return ugly === undefined ? { allowed: true, log: logLevelOf(found.repository, claims) } : denied(ugly, found);
}
