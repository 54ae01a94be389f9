// The calls there are (PROTOCOL.md, Calls). A path is compared as it was sent: nothing is decoded, no doubled slash is
// folded, and there is no word of any engine's API in it.

import { Refusal } from '../protocol/index.ts';
import type { Call } from './reply.ts';
import type { Position } from './tasks/relay.ts';

export type CallName = 'open' | 'challenge' | 'rehearsal' | 'tasks' | 'close' | 'events' | 'proof' | 'cancel';

interface Route {
  readonly name: CallName;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: RegExp;
}

const routes: readonly Route[] = [
  { name: 'open', method: 'POST', path: /^\/v1\/sessions$/ },
  { name: 'challenge', method: 'POST', path: /^\/v1\/sessions\/([0-9a-f]{32})\/challenge$/ },
  { name: 'rehearsal', method: 'POST', path: /^\/v1\/sessions\/([0-9a-f]{32})\/rehearsal$/ },
  { name: 'tasks', method: 'POST', path: /^\/v1\/sessions\/([0-9a-f]{32})\/tasks$/ },
  { name: 'close', method: 'DELETE', path: /^\/v1\/sessions\/([0-9a-f]{32})$/ },
  { name: 'events', method: 'GET', path: /^\/v1\/tasks\/([0-9a-f]{32})\/events$/ },
  { name: 'proof', method: 'POST', path: /^\/v1\/tasks\/([0-9a-f]{32})\/proof$/ },
  { name: 'cancel', method: 'POST', path: /^\/v1\/tasks\/([0-9a-f]{32})\/cancel$/ },
];

/** In the order in which a job makes them, the last three beside the others. */
export const callNames: readonly CallName[] = routes.map(({ name }) => name);

function unknown(message: string, status: 404 | 405): Refusal {
  return new Refusal({ code: 'call-unknown', rule: 'calls', message, fix: 'use the calls of the protocol', status });
}

export function malformed(message: string, fix: string): Refusal {
  return new Refusal({ code: 'call-malformed', rule: 'calls', message, fix, status: 400 });
}

/** @throws {Refusal} `call-unknown` (404, 405), `call-malformed` */
export function findCall({ method, path, query, body }: Call): { readonly name: CallName; readonly id: string } {
  const fitting = routes.flatMap((route) => {
    const match = route.path.exec(path);
    return match === null ? [] : [{ route, id: match[1] ?? '' }];
  });
  const [{ route, id } = { route: null, id: '' }] = fitting;
  if (route === null) throw unknown('there is no such call', 404);
  if (route.method !== method) throw unknown(`this call is made with ${route.method}`, 405);
  if (route.name !== 'events' && query !== '') throw malformed('this call has no query', 'leave it out');
  if (route.method !== 'POST' && body.length > 0) throw malformed('this call has no body', 'leave it out');
  return { name: route.name, id };
}

/** `state=N&log=M`, each at most once, decimal; absent: 0. @throws {Refusal} `call-malformed` */
export function parsePosition(query: string): Position {
  const position = { state: 0, log: 0 };
  const seen = new Set<string>();
  for (const part of query === '' ? [] : query.split('&')) {
    const [, name, digits] = /^(state|log)=(0|[1-9][0-9]{0,14})$/.exec(part) ?? [];
    if ((name !== 'state' && name !== 'log') || seen.has(name))
      throw malformed('the query is not state=N&log=M', 'send decimal numbers, each once');
    seen.add(name);
    position[name] = Number(digits);
  }
  return position;
}
