// What prepare_job writes for the runner, and what comes back in later calls as `state` (contract/README.md, The call).

import { oneOf } from './plain.ts';
import { type SessionAnswer, sessionEntries } from './session.ts';
import { read, strict } from './schema.ts';

/**
 * What the hook remembers between its processes: the gate's answer to its session. Forgeable by a controlled runner, which
 * fools only itself: the gate checks each call, and the waits are the hook's own.
 */
export interface HookState extends SessionAnswer {
  readonly v: 1;
}

/** Content of prepare_job's response file: it claims a container that does not exist, so that the runner goes on. */
export const prepareJobResponse = (answer: SessionAnswer) => ({
  isAlpine: false,
  state: { v: 1, ...answer } satisfies HookState,
  context: { container: { id: 'airlock', network: 'none' }, services: [] },
});

/** null: there is no session, which is what a refused or skipped prepare_job leaves (THREATS.md finding 4). */
export function parseHookState(state: unknown): HookState | null {
  const result = read<HookState>(strict({ v: oneOf([1]), ...sessionEntries() }), state);
  return result.success ? result.output : null;
}
