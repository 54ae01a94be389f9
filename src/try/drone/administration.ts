// What an administrator does to repositories and to the queue (recordings 01, 03, 63).

import type { IncomingMessage } from 'node:http';
import { failed, json, noContent } from './answer.ts';
import type { Call, RepositoryCall } from './call.ts';
import { permissionsOf } from './access.ts';
import { repositoryView, stageView, userView } from './views.ts';

const BODY_BYTES = 64 * 1024;

/** The JSON object of the body; undefined: it is none. */
async function bodyOf(req: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of req as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > BODY_BYTES) return undefined;
    parts.push(part);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export function whoami(call: Call): void {
  if (call.user !== undefined) json(call.res, userView(call.user));
}

export function show(call: RepositoryCall): void {
  json(call.res, repositoryView(call.repository, { permissions: permissionsOf(call.user, call.repository) }));
}

/** The repositories that the user has a permission row for, by name. */
export function ofUser(call: Call): void {
  const mine = Array.from(call.state.repositories.values()).filter(
    (one) => permissionsOf(call.user, one) !== undefined,
  );
  json(
    call.res,
    mine.sort((a, b) => (a.slug < b.slug ? -1 : 1)).map((one) => repositoryView(one, {})),
  );
}

/** POST: asks the SCM anew; a machine user has no token for that. */
export function sync(call: Call): void {
  if (call.user?.machine === true) failed(call.res, 500, 'Bad credentials');
  else ofUser(call);
}

export function enable(call: RepositoryCall): void {
  setActive(call, true);
}

export function disable(call: RepositoryCall): void {
  setActive(call, false);
}

function setActive({ repository, res }: RepositoryCall, active: boolean): void {
  repository.enabled ||= active;
  repository.active = active;
  repository.version += 1;
  json(res, repositoryView(repository, {}));
}

export async function change(call: RepositoryCall): Promise<void> {
  const { repository, res } = call;
  const body = await bodyOf(call.req);
  if (body === undefined) {
    failed(res, 400, 'unexpected end of JSON input');
    return;
  }
  if (typeof body.timeout === 'number') repository.timeout = body.timeout;
  if (typeof body.protected === 'boolean') repository.protected = body.protected;
  repository.version += 1;
  json(res, repositoryView(repository, {}));
}

export function pauseQueue(call: Call): void {
  call.state.queue.pause();
  noContent(call.res);
}

export function resumeQueue(call: Call): void {
  call.state.queue.resume();
  noContent(call.res);
}

/** Stages that wait or run. */
export function showQueue(call: Call): void {
  const waiting = Array.from(call.state.builds()).flatMap((build) =>
    build.stages
      .filter(({ status }) => status === 'pending' || status === 'running')
      .map((stage) => stageView(build, stage)),
  );
  json(call.res, waiting);
}
