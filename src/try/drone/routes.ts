// Drone's routes below /api, and which right each needs. The right is looked at before the path's numbers (recordings 37, 50).

import { access, type Need, whoAsks } from './access.ts';
import * as administration from './administration.ts';
import { deploy, restart } from './again.ts';
import { failed, healthy, noRoute, page, version, wrongMethod } from './answer.ts';
import { approve, declineBuild, declineStage } from './approval.ts';
import { deployments, latest, list } from './build-list.ts';
import type { Call, RepositoryCall } from './call.ts';
import * as follow from './follow.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { UserRecord } from './records.ts';
import type { DroneState } from './state.ts';
import { trigger } from './trigger.ts';

type Done = void | Promise<void>;

interface Route {
  readonly method: string;
  readonly path: readonly string[];
  readonly need: Need;
  readonly handle: (call: Call) => Done;
}

function route(method: string, path: string, need: Need, handle: (call: Call) => Done): Route {
  return { method, path: path.split('/'), need, handle };
}

/** A route on the repository of the path; access has made sure that there is one. */
function on(method: string, path: string, need: Need, handle: (call: RepositoryCall) => Done): Route {
  return route(method, path, need, (call) => {
    const { repository } = call;
    return repository === undefined ? failed(call.res, 404, 'Not Found') : handle({ ...call, repository });
  });
}

const REPOSITORY = 'repos/:owner/:name';
const BUILDS = `${REPOSITORY}/builds`;
const BUILD = `${BUILDS}/:build`;

/** In order: a word in a path goes before a number. */
const ROUTES: readonly Route[] = [
  route('GET', 'user', 'user', administration.whoami),
  route('GET', 'user/repos', 'user', administration.ofUser),
  route('POST', 'user/repos', 'user', administration.sync),
  route('GET', 'queue', 'server', administration.showQueue),
  route('POST', 'queue', 'server', administration.resumeQueue),
  route('DELETE', 'queue', 'server', administration.pauseQueue),
  route('GET', 'stream', 'nothing', follow.events),
  on('GET', 'stream/:owner/:name', 'read', follow.events),
  on('GET', 'stream/:owner/:name/:build/:stage/:step', 'read', follow.liveLog),
  on('GET', REPOSITORY, 'read', administration.show),
  on('POST', REPOSITORY, 'admin', administration.enable),
  on('PATCH', REPOSITORY, 'admin', administration.change),
  on('DELETE', REPOSITORY, 'admin', administration.disable),
  on('GET', BUILDS, 'read', list),
  on('POST', BUILDS, 'write', trigger),
  on('GET', `${BUILDS}/latest`, 'read', latest),
  on('GET', `${BUILDS}/deployments`, 'read', deployments),
  on('GET', BUILD, 'read', follow.show),
  on('POST', BUILD, 'write', restart),
  on('DELETE', BUILD, 'write', follow.stop),
  on('POST', `${BUILD}/promote`, 'write', (call) => deploy(call, 'promote')),
  on('POST', `${BUILD}/rollback`, 'write', (call) => deploy(call, 'rollback')),
  on('POST', `${BUILD}/approve/:stage`, 'admin', approve),
  on('POST', `${BUILD}/decline/:stage`, 'admin', declineStage),
  on('POST', `${BUILD}/decline`, 'admin', declineBuild),
  on('GET', `${BUILD}/logs/:stage/:step`, 'read', follow.storedLog),
];

/** The values of the names in a route's path; undefined: another path. */
function match(route: Route, parts: readonly string[]): Record<string, string> | undefined {
  if (route.path.length !== parts.length) return undefined;
  const at = Object.create(null) as Record<string, string>;
  for (const [index, expected] of route.path.entries()) {
    const part = parts[index] ?? '';
    if (expected.startsWith(':') && part !== '') at[expected.slice(1)] = decoded(part);
    else if (expected !== part) return undefined;
  }
  return at;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Who asks, with the parts of the URL; found once, for the journal and for the routes. */
export interface Request {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly user: UserRecord | undefined;
}

export function parse(state: DroneState, req: IncomingMessage): Request {
  const [path = '/', ...rest] = (req.url ?? '/').split('?');
  const query = new URLSearchParams(rest.join('?'));
  return { path, query, user: whoAsks(state, req, query) };
}

/**
 * Outside /api every path, also `//api/…` and `/prefix/api/…`, is a page with status 200 (recording 03); inside it an unknown
 * path is a plain 404. A slash at the end is ignored.
 */
export async function dispatch(
  state: DroneState,
  req: IncomingMessage,
  res: ServerResponse,
  asked: Request,
): Promise<void> {
  const { path } = asked;
  if (path === '/version') return version(res);
  if (path === '/healthz') return healthy(res);
  if (path !== '/api' && !path.startsWith('/api/')) return page(res);
  const parts = path.replace(/\/$/, '').split('/').slice(2);
  const found = ROUTES.flatMap((one) => {
    const at = match(one, parts);
    return at === undefined ? [] : [{ one, at }];
  });
  if (found.length === 0) return noRoute(res);
  const chosen = found.find(({ one }) => one.method === req.method);
  if (chosen === undefined) return wrongMethod(res);
  await handle(chosen.one, { state, req, res, ...asked, at: chosen.at });
}

const REFUSALS = { 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found' } as const;

async function handle(route: Route, call: Omit<Call, 'repository'>): Promise<void> {
  const { owner, name } = call.at;
  const repository = call.state.repositories.get(`${owner ?? ''}/${name ?? ''}`);
  const { refused } = access(route.need, call.user, repository);
  if (refused !== undefined) failed(call.res, refused, REFUSALS[refused]);
  else await route.handle({ ...call, repository });
}
