// Who is in the world of a recording, and what they may: as the recording shows it; where it does not, as its people always are.

import type { SimulatedUser } from '../../../../src/try/drone/index.ts';
import { type Item, type RecordedResponse, type Recording, slugOf } from './recording.ts';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function tokenOf(login: string): string {
  return `token-of-${login}`;
}

/** Rights on one repository, highest first. */
type Right = 'own' | 'write' | 'read' | 'none';

/** octo administers all, bot writes, reader reads, robot is a machine; nobody's token is invalid, an outsider has no rights. */
const USUAL: Readonly<Record<string, Right>> = { octo: 'own', bot: 'write', reader: 'read' };

export function answersOf(item: Item): readonly Partial<RecordedResponse>[] {
  if (item.kind === 'exchange') return item.response === undefined ? [] : [item.response];
  return item.kind === 'poll' ? item.answers : [];
}

/** `permissions` of a description of this repository for this user. */
function shownRight(recording: Recording, login: string, slug: string): Right | undefined {
  for (const item of recording.items) {
    if (item.kind === 'note' || item.request.as !== login || slugOf(item.request.path) !== slug) continue;
    for (const { json } of answersOf(item)) {
      const rights = isObject(json) && json['slug'] === slug ? json['permissions'] : undefined;
      if (!isObject(rights)) continue;
      return rights['admin'] === true ? 'own' : rights['write'] === true ? 'write' : rights['read'] ? 'read' : 'none';
    }
  }
  return undefined;
}

/** What `GET /api/user` says of this login. */
function described(recording: Recording, login: string): Json | undefined {
  const shown = recording.items.flatMap((item) => (item.kind === 'note' ? [] : answersOf(item)));
  return shown.map(({ json }) => json).find((json): json is Json => isObject(json) && json['login'] === login);
}

export function usersOf(recording: Recording, slugs: readonly string[]): SimulatedUser[] {
  const asked = recording.items.flatMap((item) => (item.kind === 'note' ? [] : (item.request.as ?? [])));
  const logins = new Set([...Object.keys(USUAL), 'robot', ...asked]);
  logins.delete('nobody');
  return [...logins].map((login) => {
    const having = (right: Right): string[] =>
      slugs.filter((slug) => (shownRight(recording, login, slug) ?? USUAL[login] ?? 'none') === right);
    const { admin = login === 'octo', machine = login === 'robot' } = described(recording, login) ?? {};
    return {
      login,
      token: tokenOf(login),
      admin: admin === true,
      machine: machine === true,
      own: having('own'),
      write: having('write'),
      read: having('read'),
    };
  });
}
