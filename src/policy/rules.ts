// The rules of a policy file that look at more than one key (DESIGN.md, The policy).

import { isLoopback } from './fields.ts';
import type { Pieces } from './pieces.ts';
import type { Found } from './problem.ts';
import { nearest } from './suggest.ts';

export interface LoadOptions {
  /** For `airlock try`, where the runner is ours: `identity.mode: asserted` beside a token of the gate's own. */
  readonly allowAsserted?: boolean;
}

type Rule = (pieces: Pieces, options: LoadOptions) => Generator<Found>;

/** Who believes the runner must not give it a token that it does not have already. */
function* assertedBringsItsToken({ mode, drones }: Pieces, { allowAsserted = false }: LoadOptions): Generator<Found> {
  if (mode !== 'asserted' || allowAsserted) return;
  for (const [name, drone] of drones) {
    if (drone !== undefined && drone.token !== 'workflow')
      yield {
        path: ['drones', name, 'token'],
        message:
          'is a file although identity.mode is asserted: any runner could use it for any repository; write token: workflow, or prove identity with mode: github',
      };
  }
}

function* plainHttpIsAccepted({ drones }: Pieces): Generator<Found> {
  for (const [name, drone] of drones) {
    if (drone?.server.startsWith('http://') && !isLoopback(drone.server) && drone.plainHttp === undefined)
      yield {
        path: ['drones', name, 'server'],
        message:
          'is plain http: token and log would cross the network readable; use https, or add plainHttp: accepted beside it',
      };
  }
}

function* dronesExist({ drones, repositories }: Pieces): Generator<Found> {
  const names = [...drones.keys()];
  for (const [index, { header }] of repositories.entries()) {
    if (header === undefined || drones.has(header.drone)) continue;
    const meant = nearest(header.drone, names);
    const hint = meant === undefined ? `there are: ${names.join(', ') || 'none'}` : `did you mean ${meant}?`;
    yield { path: ['repositories', index, 'drone'], message: `is no Drone of this policy; ${hint}` };
  }
}

/** Names are compared without case: GitHub gives a name once, however it is cased. */
function* repositoriesAreUnique({ repositories }: Pieces): Generator<Found> {
  const ids = new Map<string, number>();
  const names = new Map<string, number>();
  for (const [index, { header }] of repositories.entries()) {
    if (header === undefined) continue;
    const id = String(header.id);
    const name = header.repository.toLowerCase();
    const sameId = ids.get(id);
    const sameName = names.get(name);
    if (sameId !== undefined)
      yield {
        path: ['repositories', index, 'id'],
        message: `is the id of repositories[${sameId}] too; put all entries there`,
      };
    if (sameName !== undefined)
      yield {
        path: ['repositories', index, 'repository'],
        message: `is the repository of repositories[${sameName}] too; put all entries there`,
      };
    ids.set(id, sameId ?? index);
    names.set(name, sameName ?? index);
  }
}

function* keysFitTheTask({ repositories }: Pieces): Generator<Found> {
  for (const [index, { allow }] of repositories.entries()) {
    for (const [number, entry] of allow.entries()) {
      if (entry === undefined) continue;
      const path = ['repositories', index, 'allow', number] as const;
      if (entry.task === 'drone build') {
        for (const key of ['targets', 'builds'] as const) {
          if (entry[key] !== undefined)
            yield { path: [...path, key], message: 'means nothing for drone build; remove it, or choose another task' };
        }
        continue;
      }
      if (entry.targets === undefined)
        yield { path, message: `lacks targets; name where ${entry.task} may go, as in targets: [production]` };
      // An older build has another commit by its nature, so no default is right.
      if (entry.task === 'drone rollback' && entry.builds?.commit === undefined)
        yield { path, message: 'lacks builds.commit; write any to go back to builds of other commits, or same' };
    }
  }
}

function* protectionIsForSame({ repositories }: Pieces): Generator<Found> {
  for (const [index, { header, allow }] of repositories.entries()) {
    if (header === undefined || header.pipeline === 'same') continue;
    for (const [number, entry] of allow.entries()) {
      if (entry?.unprotected)
        yield {
          path: ['repositories', index, 'allow', number, 'unprotected'],
          message: 'means nothing with a trusted pipeline, whose protection is not asked; remove it',
        };
    }
  }
}

/** Only the parameters of a build that this gate made say which source a trusted pipeline served (choose-build.ts). */
function* trustedBuildsAreOurs({ repositories }: Pieces): Generator<Found> {
  const ours = ['custom', 'promote', 'rollback'];
  for (const [index, { header, allow }] of repositories.entries()) {
    if (header === undefined || header.pipeline === 'same') continue;
    for (const [number, entry] of allow.entries()) {
      if (entry?.builds === undefined || entry.builds.events.some((event) => ours.includes(event))) continue;
      yield {
        path: ['repositories', index, 'allow', number, 'builds', 'events'],
        message:
          'allows nothing with a trusted pipeline, of which only builds that this gate made are promoted; add custom, promote or rollback',
      };
    }
  }
}

interface Reach {
  readonly path: readonly (string | number)[];
  readonly drone: string;
}

function sharesSecrets(slug: string, open: Reach, guarded: readonly Reach[]): string {
  const same = guarded.find(({ drone }) => drone === open.drone);
  const { path, drone } = same ?? guarded[0] ?? open;
  const other = `${path[0]}[${path[1]}].${path[2]}[${path[3]}]`;
  const [reaches, unsure] =
    same === undefined
      ? ['may reach', `: whether the Drones ${open.drone} and ${drone} are one server, no address tells`]
      : ['reaches', ''];
  return `has no environment and pipeline: same, and so ${reaches} every secret of Drone's ${slug}, also those of ${other}, which asks for an environment${unsure}; add an environment, use a trusted pipeline, or write sharedSecrets: accepted`;
}

/**
 * With `pipeline: same`, who can push to an allowed ref writes the pipeline and holds every secret of that Drone
 * repository. So an entry without environment beside one with environment makes the environment worthless. Repositories
 * of Drone are compared by their slug alone: one server has many addresses (its default port, another name in DNS, an
 * `address`), and no comparison of texts shows that two of them are two servers. Who knows it writes `sharedSecrets`.
 */
function* environmentsAreNotBypassed({ repositories }: Pieces): Generator<Found> {
  const reached = new Map<string, { readonly slug: string; readonly guarded: Reach[]; readonly open: Reach[] }>();
  for (const [index, { header, allow }] of repositories.entries()) {
    if (header === undefined) continue;
    const { pipeline, drone } = header;
    const slug = pipeline === 'same' ? header.repository : pipeline.repository;
    const group = reached.get(slug.toLowerCase()) ?? { slug, guarded: [], open: [] };
    reached.set(slug.toLowerCase(), group);
    for (const [number, entry] of allow.entries()) {
      if (entry === undefined) continue;
      const reach = { path: ['repositories', index, 'allow', number], drone };
      if (entry.environment !== undefined) group.guarded.push(reach);
      else if (pipeline === 'same' && entry.sharedSecrets === undefined) group.open.push(reach);
    }
  }
  for (const { slug, guarded, open } of reached.values()) {
    if (guarded.length === 0) continue;
    for (const one of open) yield { path: one.path, message: sharesSecrets(slug, one, guarded) };
  }
}

const rules: readonly Rule[] = [
  assertedBringsItsToken,
  plainHttpIsAccepted,
  dronesExist,
  repositoriesAreUnique,
  keysFitTheTask,
  protectionIsForSame,
  trustedBuildsAreOurs,
  environmentsAreNotBypassed,
];

export const brokenRules = (pieces: Pieces, options: LoadOptions): Found[] =>
  rules.flatMap((rule) => [...rule(pieces, options)]);
