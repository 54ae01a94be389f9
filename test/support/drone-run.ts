// Preflight, trigger and follow in one, as the cell does it, with everything that came out of it.

import {
  type DroneOptions,
  type Ending,
  type LogNeed,
  type TriggerTask,
  type Window,
  connectDrone,
  follow,
  preflight,
  trigger,
} from '../../src/drone/index.ts';
import type { CellPhase, Order } from '../../src/protocol/index.ts';

/** Looks are close together; what only a broken Drone reaches is long enough for a loaded machine. */
export const quick: Order['limits'] = {
  call: 15_000,
  trigger: 15_000,
  lookup: 300,
  queue: 60_000,
  blocked: 60_000,
  run: 60_000,
  cancel: 5000,
  poll: 20,
  reconnect: 200,
  lost: 20_000,
  logBytes: 1_000_000_000,
};

export const nonce = '0123456789abcdef0123456789abcdef';

export interface RunOptions extends Omit<DroneOptions, 'token'> {
  readonly token?: string;
  readonly repository?: string;
  readonly ref?: string;
  /** null: none is sent. */
  readonly commit?: string | null;
  readonly params?: Readonly<Record<string, string>>;
  readonly expect?: readonly string[];
  readonly logs?: LogNeed;
  readonly limits?: Partial<Order['limits']>;
  readonly cancel?: AbortSignal;
  readonly window?: Window;
  readonly onPhase?: (phase: CellPhase) => void;
  readonly onLine?: (line: string) => void;
  /** Our sentence of a state. */
  readonly onNote?: (note: string) => void;
}

export interface Ran {
  readonly ending: Ending;
  /** Lines of each `stage/step`. */
  readonly lines: ReadonlyMap<string, readonly string[]>;
  /** Our own sentences among them. */
  readonly notes: readonly string[];
  readonly phases: readonly CellPhase[];
}

export const commit = 'c0ffee'.padEnd(40, '0');

/** @throws what preflight throws */
export async function runBuild(options: RunOptions): Promise<Ran> {
  const limits = { ...quick, ...options.limits };
  const { repository = 'octo/hello' } = options;
  const cancel = options.cancel ?? new AbortController().signal;
  const lines = new Map<string, string[]>();
  const notes: string[] = [];
  const phases: CellPhase[] = [];
  const connection = connectDrone({ ...options, token: options.token ?? 'bot-token' });
  const ready = await preflight(connection, { repository, call: limits.call, poll: limits.poll, cancel });
  const task: TriggerTask = {
    repository,
    ref: options.ref ?? 'refs/heads/main',
    commit: options.commit === null ? undefined : (options.commit ?? commit),
    params: { ...options.params, AIRLOCK_NONCE: nonce },
    login: ready.login,
    base: ready.base,
  };
  const triggered = await trigger(connection, task, { user: ready.user, limits, cancel });
  if ('ending' in triggered) return { ending: triggered.ending, lines, notes, phases };
  const ending = await follow(connection, {
    repository,
    build: triggered.build,
    expect: options.expect ?? [],
    timeout: ready.timeout,
    limits,
    logs: options.logs ?? 'all',
    sink: (step) => {
      const own: string[] = [];
      lines.set(step, own);
      return {
        line: (text) => {
          own.push(text);
          options.onLine?.(text);
        },
        note: (text) => notes.push(text),
        room: () => Promise.resolve(),
        end: () => {},
      };
    },
    details: true,
    cancel,
    window: options.window ?? { cycle: 400, from: 10, to: 280, deaf: 300 },
    onState: (_build, phase, note) => {
      if (note !== undefined) options.onNote?.(note);
      if (phases.at(-1) === phase) return;
      phases.push(phase);
      options.onPhase?.(phase);
    },
  });
  return { ending, lines, notes, phases };
}
