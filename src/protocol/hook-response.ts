// What prepare_job writes for the runner, and what comes back in later calls as `state` (contract/README.md, The call).

import * as v from 'valibot';
import { hex32, oneOf } from './plain.ts';
import { strict } from './shape.ts';

/** What the hook remembers between its processes. Forgeable by a controlled runner, so it holds nothing but a name. */
export interface HookState {
  readonly v: 1;
  readonly session: string;
}

/** Content of prepare_job's response file: it claims a container that does not exist, so that the runner goes on. */
export const prepareJobResponse = (session: string) => ({
  isAlpine: false,
  state: { v: 1, session } satisfies HookState,
  context: { container: { id: 'airlock', network: 'none' }, services: [] },
});

const schema = () => strict({ v: oneOf([1]), session: hex32 });

/** null: there is no session, which is what a refused or skipped prepare_job leaves (THREATS.md finding 4). */
export function parseHookState(state: unknown): HookState | null {
  const result = v.safeParse(schema(), state);
  return result.success ? result.output : null;
}
