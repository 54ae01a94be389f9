// Following one build: its state, its stored logs, its live streams (recordings 10, 42, 43).

import { json, jsonArray, noRows } from './answer.ts';
import { buildAt, type Call, type RepositoryCall, stepAt } from './call.ts';
import { cancel } from './cancel.ts';
import { buildView } from './views.ts';

export function show(call: RepositoryCall): void {
  const build = buildAt(call);
  if (build !== undefined) json(call.res, buildView(build, 'with stages'));
}

export function stop(call: RepositoryCall): void {
  const build = buildAt(call);
  if (build !== undefined) cancel(call.state, call.res, build);
}

/** 404 until the step has ended; `null` if it printed nothing. */
export async function storedLog(call: RepositoryCall): Promise<void> {
  const step = stepAt(call);
  if (step === undefined) return;
  if (!step.stored) noRows(call.res);
  else if (step.log.written === 0) json(call.res, null);
  else await jsonArray(call.res, step.log.last());
}

export function liveLog(call: RepositoryCall): void {
  const step = stepAt(call);
  if (step !== undefined) step.live.attach(call.res, step.log);
}

export function events(call: Call): void {
  call.state.events.attach(call.res, call.repository?.slug);
}
