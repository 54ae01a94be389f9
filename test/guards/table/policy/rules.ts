import { type Guard, guardsOf } from '../../guard.ts';

// What the loader refuses before any job comes: rules between keys.

const rulesRules = guardsOf(
  'policy',
  'src/policy/rules.ts',
  ['test/policy/rules.test.ts'],
  [
    {
      rule: 'who believes the runner gives it no token of its own',
      find: "if (mode !== 'asserted' || allowAsserted) return;",
      replace: "if (mode === 'asserted' || allowAsserted) return;",
    },
    {
      rule: 'an entry that could promote nothing of its trusted pipeline is refused',
      find: 'if (entry?.builds === undefined || entry.builds.events.some((event) => ours.includes(event))) continue;',
      replace: 'if (entry?.builds === undefined || ours.length > 0) continue;',
    },
    {
      rule: 'plain http to another machine is accepted in so many words or not at all',
      find: '!isLoopback(drone.server) && drone.plainHttp === undefined',
      replace: 'isLoopback(drone.server)',
    },
    {
      rule: 'a repository names a Drone that there is',
      find: 'if (header === undefined || drones.has(header.drone)) continue;',
      replace: 'if (header === undefined || drones.size > 0) continue;',
    },
    {
      rule: 'a repository is listed once by its id',
      find: 'if (sameId !== undefined)',
      replace: 'if (sameId === -1)',
    },
    {
      rule: 'a repository is listed once by its name',
      find: 'if (sameName !== undefined)',
      replace: 'if (sameName === -1)',
    },
    {
      rule: 'names that differ only in case are one name',
      find: 'const name = header.repository.toLowerCase();',
      replace: 'const name = header.repository;',
    },
    {
      rule: 'drone build has no targets and no builds',
      find: 'if (entry[key] !== undefined)',
      replace: "if (entry[key] !== undefined && String(key) === '')",
    },
    {
      rule: 'drone promote and drone rollback name their targets',
      find: 'if (entry.targets === undefined)',
      replace: 'if (entry.targets === undefined && entry.refs.length === 0)',
    },
    {
      rule: 'drone rollback says whether another commit is meant',
      find: "if (entry.task === 'drone rollback' && entry.builds?.commit === undefined)",
      replace: "if (entry.task === 'drone rollback' && entry.refs.length === 0)",
    },
    {
      rule: 'unprotected stands only beside pipeline: same',
      find: 'if (entry?.unprotected)',
      replace: 'if (entry?.unprotected && entry.refs.length === 0)',
    },
    {
      rule: 'no entry without environment reaches the secrets of one with environment',
      find: 'if (guarded.length === 0) continue;',
      replace: 'if (guarded.length >= 0) continue;',
    },
    {
      rule: 'secrets are shared by the Drone repository, also with a trusted pipeline of another entry',
      find: "const slug = pipeline === 'same' ? header.repository : pipeline.repository;",
      replace: 'const slug = header.repository;',
    },
    {
      rule: 'a repository of Drone is one and the same in other letters',
      find: 'reached.get(slug.toLowerCase()) ??',
      replace: 'reached.get(slug) ??',
    },
  ],
);

const load = guardsOf(
  'policy',
  'src/policy/load.ts',
  ['test/policy/load.test.ts'],
  [
    {
      rule: 'a file with any problem is no policy',
      find: 'if (yaml.problems.length + found.length > 0 || !result.success)',
      replace: 'if (!result.success)',
      tests: ['test/policy/rules.test.ts'],
    },
    {
      rule: 'a broken entry hides no rule between keys',
      find: '...brokenRules(piecesOf(yaml.value), options),',
      replace: '...(result.success ? brokenRules(piecesOf(yaml.value), options) : []),',
    },
  ],
);

const schema = guardsOf(
  'policy',
  'src/policy/schema.ts',
  ['test/policy/json-schema.test.ts'],
  [
    {
      rule: 'an audience is chosen, there is no default',
      find: '  audience: text(',
      replace: "  audience: ((...of: Parameters<typeof text>) => v.optional(text(...of), 'airlock'))(",
    },
    {
      rule: 'a repository says whose pipeline runs, there is no default',
      find: '  pipeline: v.pipe(\n    v.union(',
      replace: "  pipeline: v.pipe(\n    ((...of: [never[], string]) => v.optional(v.union(...of), 'same' as never))(",
    },
    {
      rule: "the policy's version is one that is read",
      find: "v.literal(1, 'is a version that this airlock does not read; write 1')",
      replace: 'v.any()',
    },
  ],
);

export const guards: readonly Guard[] = [...rulesRules, ...load, ...schema];
