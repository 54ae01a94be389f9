// New builds of old ones: promote, rollback, restart (recordings 23, 50, 56). The sender stays, the trigger is who asks.

import { failed } from './answer.ts';
import { buildAt, type RepositoryCall } from './call.ts';
import { type BuildRequest, scenarioFor } from './new-build.ts';
import type { BuildRecord } from './records.ts';
import { parameters, started } from './trigger.ts';

function like(call: RepositoryCall, old: BuildRecord, params: Record<string, string>): BuildRequest {
  const { after, ref, branch, event, action, message, sender, deployTo } = old;
  return {
    after,
    ref,
    branch,
    event,
    action,
    message,
    sender,
    params,
    parent: old.number,
    trigger: call.user?.login ?? '',
    ...(deployTo === '' ? {} : { deployTo }),
  };
}

/** New parameters win over old ones; `target` names the environment and is none itself. */
export function deploy(call: RepositoryCall, event: 'promote' | 'rollback'): void {
  const old = buildAt(call);
  if (old === undefined) return;
  const deployTo = call.query.get('target') ?? '';
  if (deployTo === '') {
    failed(call.res, 400, 'Missing target environment');
    return;
  }
  const params = { ...old.params, ...parameters(call.query, ['access_token', 'target']) };
  const request = { ...like(call, old, params), event, deployTo };
  started(call, request, scenarioFor(call.repository, request));
}

/** Old parameters win over new ones. */
export function restart(call: RepositoryCall): void {
  const old = buildAt(call);
  if (old === undefined) return;
  if (old.status === 'declined') {
    failed(call.res, 400, 'cannot start a declined build');
    return;
  }
  const request = like(call, old, { ...parameters(call.query, ['access_token']), ...old.params });
  started(call, request, scenarioFor(call.repository, request));
}
