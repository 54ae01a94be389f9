// The second look at what an entry has let through: whatever the globs say, only plain text travels to Drone, whose exec
// runner puts the branch into a shell line. git accepts `release/$(id)` as a branch.

import {
  Refusal,
  isPlainActor,
  isPlainCommit,
  isPlainName,
  isPlainRef,
  isPlainRepository,
  quote,
} from '../protocol/index.ts';
import type { Claims } from './claims.ts';

const characters = 'letters, digits and . _ / - are allowed, without .. and //';

interface Check {
  readonly name: string;
  readonly value: string | undefined;
  readonly isPlain: (text: string) => boolean;
  readonly allowed: string;
}

/** The first value that is not plain. `target`: only where the task has one. */
export function notPlain(claims: Claims, target?: string): Refusal | undefined {
  const { ref, sha, actor, repository, environment } = claims;
  const checks: readonly Check[] = [
    { name: 'ref', value: ref, isPlain: isPlainRef, allowed: `refs/heads/… or refs/tags/…, ${characters}` },
    { name: 'sha', value: sha, isPlain: isPlainCommit, allowed: '40 or 64 hexadecimal digits in lower case' },
    {
      name: 'actor',
      value: actor,
      isPlain: isPlainActor,
      allowed: 'letters, digits, _ and - are allowed, [bot] at the end',
    },
    { name: 'repository', value: repository, isPlain: isPlainRepository, allowed: `owner/name, ${characters}` },
    { name: 'environment', value: environment, isPlain: isPlainName, allowed: characters },
    { name: 'target', value: target, isPlain: isPlainName, allowed: characters },
  ];
  const failed = checks.find(({ value, isPlain }) => value !== undefined && !isPlain(value));
  if (failed === undefined) return undefined;
  return new Refusal({
    code: 'claim-not-plain',
    message: `the job's ${failed.name} ${quote(failed.value ?? '', 250)} is not plain enough for Drone: ${failed.allowed}`,
    rule: `plain ${failed.name}`,
    fix: `rename the ${failed.name}, or run the job on another one`,
  });
}
