// Who asks, and what they may (recordings 02, 04, 15, 63). An invalid token is a guest, not an error; a missing right is 404 for
// a user and 401 for a guest, for an unknown repository too.

import type { IncomingMessage } from 'node:http';
import type { RepositoryRecord, UserRecord } from './records.ts';
import type { DroneState } from './state.ts';
import type { Permissions } from './views.ts';

/** `user`: any; `server`: an administrator of the server. The others are rights on the repository of the path. */
export type Need = 'nothing' | 'user' | 'server' | 'read' | 'write' | 'admin';

export type Access = { readonly refused: 401 | 403 | 404 } | { readonly refused?: never };

/** By `Authorization: Bearer TOKEN` (the word may be missing) or `?access_token=`. */
export function whoAsks(state: DroneState, req: IncomingMessage, query: URLSearchParams): UserRecord | undefined {
  const header = req.headers.authorization ?? '';
  const token = header === '' ? query.get('access_token') : header.replace(/^Bearer /, '');
  return state.users.find((user) => user.token === token);
}

/** The permission row; undefined: there is none. */
export function permissionsOf(user: UserRecord | undefined, repository: RepositoryRecord): Permissions | undefined {
  const { slug } = repository;
  const admin = user?.own?.includes(slug) === true;
  const write = admin || user?.write?.includes(slug) === true;
  const read = write || user?.read?.includes(slug) === true;
  return read ? { read, write, admin } : undefined;
}

const GRANTED: Access = {};

export function access(need: Need, user: UserRecord | undefined, repository: RepositoryRecord | undefined): Access {
  if (need === 'nothing') return GRANTED;
  // Before anything is read for a user, the permission row is refreshed when it is due (recording 22).
  if (user !== undefined && repository?.options.refreshFails?.() === true) return { refused: 404 };
  if (need === 'read' && repository !== undefined && repository.options.visibility !== 'private') return GRANTED;
  if (user === undefined) return { refused: 401 };
  if (need === 'user') return GRANTED;
  if (need === 'server') return user.admin === true ? GRANTED : { refused: 403 };
  if (repository === undefined) return { refused: 404 };
  return user.admin === true || permissionsOf(user, repository)?.[need] === true ? GRANTED : { refused: 404 };
}
