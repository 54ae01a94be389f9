// What the fleet knows of its runners beside their containers' labels: whether a job has come, and since when GitHub
// lists them no more. Lost with the gate; the next one hears of open sessions again from its ledger.

import type { Clock, RunnerSeen } from '../gate/index.ts';
import { isOwn } from './names.ts';

export interface Known {
  readonly registration: number | null;
  readonly busySince: number | null;
  readonly doneSince: number | null;
  readonly missingSince: number | null;
}

export interface Memory {
  /** For the gate: a session was opened or closed. */
  readonly seen: RunnerSeen;
  /** GitHub's number of a runner; null: unknown. */
  readonly registrationOf: (name: string) => number | null;
  registered(name: string, id: number): void;
  busy(name: string): void;
  missing(name: string, is: boolean): void;
  of(name: string): Known;
  forget(name: string): void;
  /** Called after `seen`; one listener. */
  onSeen: () => void;
}

const nothing: Known = { registration: null, busySince: null, doneSince: null, missingSince: null };

export function createMemory(prefix: string, clock: Pick<Clock, 'now'>): Memory {
  const known = new Map<string, Known>();
  const of = (name: string): Known => known.get(name) ?? nothing;
  const put = (name: string, change: Partial<Known>): void => void known.set(name, { ...of(name), ...change });
  const busy = (name: string): void => put(name, { busySince: of(name).busySince ?? clock.now(), doneSince: null });

  const memory: Memory = {
    seen({ id }, what) {
      // Static sockets are nobody's to end.
      if (!isOwn(prefix, id)) return;
      if (what === 'busy') busy(id);
      else put(id, { doneSince: clock.now() });
      memory.onSeen();
    },
    registrationOf: (name) => of(name).registration,
    registered: (name, registration) => put(name, { registration }),
    busy,
    missing(name, is) {
      put(name, { missingSince: is ? (of(name).missingSince ?? clock.now()) : null });
    },
    of,
    forget: (name) => void known.delete(name),
    onSeen: () => undefined,
  };
  return memory;
}
