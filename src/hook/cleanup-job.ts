import type { CleanupJob } from '../protocol/hook-input.ts';
import { parseHookState } from '../protocol/hook-response.ts';
import { ask } from './gate.ts';
import type { Hook } from './hook.ts';

/** @throws {Failure} which may not change a job's colour: the gate has a clock of its own */
export async function cleanupJob(hook: Hook, { state }: CleanupJob): Promise<void> {
  const session = parseHookState(state)?.session;
  if (session !== undefined) await ask(hook, `DELETE /v1/sessions/${session}`, undefined, String, hook.limits.cleanup);
}
