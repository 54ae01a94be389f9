import type { SessionAnswer } from '../protocol/session.ts';
import type { Hook } from './hook.ts';

/** The hook from the gate's answer to its session on: how long it waits for a gate is the operator's word. */
export const patient = (hook: Hook, { reconnect, silent }: SessionAnswer): Hook => ({
  ...hook,
  limits: { ...hook.limits, reconnect: reconnect * 1000, silent: silent * 1000 },
});
