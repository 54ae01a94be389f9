import { type Guard, guardsOf } from '../../guard.ts';

// Which repository and which image a job has, and that all that travels is plain.

const decide = 'test/policy/decide.test.ts';
const plain = (name: string, check: string): { rule: string; code: string; find: string; replace: string } => ({
  rule: `only a plain ${name} travels to Drone`,
  code: 'claim-not-plain',
  find: `value: ${name}, isPlain: ${check}`,
  replace: `value: ${name}, isPlain: (text) => text !== '' || ${check}(text)`,
});

const image = guardsOf(
  'policy',
  'src/policy/accepts-image.ts',
  ['test/policy/accepts-image.test.ts'],
  [
    {
      rule: "the image's name is compared whole",
      code: 'image-not-accepted',
      find: 'if (accept.includes(image)) return null;',
      replace: 'if (accept.some((name) => image.includes(name))) return null;',
    },
    {
      rule: "the image's name is compared in its case",
      code: 'image-not-accepted',
      find: 'if (accept.includes(image)) return null;',
      replace: 'if (accept.includes(image.toLowerCase())) return null;',
    },
    {
      rule: "the image's name is one of the list",
      code: 'image-not-accepted',
      find: 'if (accept.includes(image)) return null;',
      replace: 'if (accept.length > 0) return null;',
    },
  ],
);

const identify = guardsOf(
  'policy',
  'src/policy/identify.ts',
  [decide],
  [
    {
      rule: 'a repository that is not listed may do nothing',
      code: 'repository-not-listed',
      find: 'return named === undefined ? notListed(claims) : otherId(named, claims);',
      replace: 'return named === undefined ? (policy.repositories[0] as RepositoryPolicy) : otherId(named, claims);',
    },
    {
      rule: 'a repository is known by its id, not by its name',
      code: 'repository-id-differs',
      find: 'find(({ id }) => id === claims.repositoryId)',
      replace: 'find(({ repository }) => repository === claims.repository)',
    },
    {
      rule: "a repository's name is compared too",
      code: 'repository-not-listed',
      find: 'listed.repository === claims.repository ? listed : renamed(listed, claims)',
      replace: 'listed.id === claims.repositoryId ? listed : renamed(listed, claims)',
    },
  ],
);

const claims = guardsOf(
  'policy',
  'src/policy/plain-claims.ts',
  [decide],
  [
    plain('ref', 'isPlainRef'),
    plain('sha', 'isPlainCommit'),
    {
      ...plain('actor', 'isPlainActor'),
      find: 'isPlain: isPlainActor,',
      replace: "isPlain: (text) => text !== '' || isPlainActor(text),",
    },
    plain('repository', 'isPlainRepository'),
    plain('environment', 'isPlainName'),
    plain('target', 'isPlainName'),
  ],
);

export const guards: readonly Guard[] = [...image, ...identify, ...claims];
