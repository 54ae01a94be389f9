// Which repository of the policy a job belongs to. The id decides; the name is compared too, since a person reads it.

import { Refusal, quote } from '../protocol/index.ts';
import type { Claims } from './claims.ts';
import type { Denial, Policy, RepositoryPolicy } from './types.ts';

const shown = ({ repository, repositoryId }: Claims): string => `${quote(repository, 256)} (id ${repositoryId})`;

/** Whoever is not listed learns nothing else; the operator gets what is to be pasted. */
function notListed(claims: Claims): Denial {
  return {
    allowed: false,
    refusal: new Refusal({
      code: 'repository-not-listed',
      message: `the policy does not list the repository ${shown(claims)}`,
      rule: 'repositories',
      fix: 'ask the operator to add it with this name and id',
    }),
    detail: `not listed; to allow it, add to repositories: { repository: ${quote(claims.repository, 256)}, id: ${claims.repositoryId}, … }`,
  };
}

function otherId(listed: RepositoryPolicy, claims: Claims): Denial {
  return {
    allowed: false,
    refusal: new Refusal({
      code: 'repository-id-differs',
      message: `the policy lists a repository of this name with another id; this one is ${shown(claims)}`,
      rule: 'repositories[].id',
      fix: 'ask the operator whether this repository replaced the one that was meant',
    }),
    detail: `${listed.repository} is listed with id ${listed.id}, the job is of ${shown(claims)}: deleted and made again, or somebody else took the name`,
  };
}

function renamed(listed: RepositoryPolicy, claims: Claims): Denial {
  return {
    allowed: false,
    refusal: new Refusal({
      code: 'repository-not-listed',
      message: `the policy lists this repository under another name, ${listed.repository}; it is now ${shown(claims)}`,
      rule: 'repositories[].repository',
      fix: 'ask the operator to write the new name, cased as GitHub shows it',
    }),
    detail: `renamed: id ${listed.id} is listed as ${listed.repository}, the job is of ${shown(claims)}`,
  };
}

export function repositoryOf(policy: Policy, claims: Claims): RepositoryPolicy | Denial {
  const listed = policy.repositories.find(({ id }) => id === claims.repositoryId);
  if (listed !== undefined) return listed.repository === claims.repository ? listed : renamed(listed, claims);
  const named = policy.repositories.find(({ repository }) => repository === claims.repository);
  return named === undefined ? notListed(claims) : otherId(named, claims);
}
