// The moments of a job at which something is killed, one row each, made from the tables of the code: the gate's calls, the
// ledger's phases, a cell's phases, the calls that a cell makes to Drone. A new entry of any of them without facts here is an
// error, so that no phase is ever without its row.

import type { paths } from '../../src/drone/paths.ts';
import type { CallName } from '../../src/gate/routes.ts';
import type { CellPhase, TaskPhase } from '../../src/protocol/index.ts';
import type { Side } from './tap.ts';

export type DroneCall = keyof typeof paths;

export interface Facts {
  /** `either`: it is being started, or has its order already. `gone`: it has told its result. */
  readonly cell: 'none' | 'idle' | 'either' | 'ordered' | 'gone';
  /** Whether Drone has a build. */
  readonly build: 'none' | 'either' | 'made';
  /** Which of the job's hooks lives: prepare_job, the step's, cleanup_job. */
  readonly hook: 'prepare' | 'step' | 'cleanup';
  /** What the job does in order to come there. */
  readonly by?: 'cancel' | 'wait' | 'approval';
  /** Name of the row that is the same moment to everything but what tells it: two at once are struck there alone. */
  readonly like?: string;
}

export interface Row extends Facts {
  readonly kind: 'call' | 'ledger' | 'cell' | 'drone';
  readonly of: string;
  readonly side: Side;
  readonly name: string;
}

const before = { cell: 'none', build: 'none', hook: 'prepare' } as const;
const idle = { cell: 'idle', build: 'none', hook: 'prepare' } as const;
const early = { cell: 'either', build: 'none', hook: 'step' } as const;
const ordered = { cell: 'ordered', build: 'none', hook: 'step' } as const;
const made = { cell: 'ordered', build: 'made', hook: 'step' } as const;
const over = { cell: 'gone', build: 'made', hook: 'cleanup' } as const;
const waiting = { cell: 'none', build: 'none', hook: 'step', by: 'wait' } as const;
const cancelled = { ...made, by: 'cancel' } as const;

const like = (facts: Facts, name: string): Facts => ({ ...facts, like: name });

const calls: Readonly<Record<CallName, Readonly<Record<Side, Facts>>>> = {
  open: { asked: before, answered: like(before, 'challenge asked') },
  challenge: { asked: before, answered: like(before, 'rehearsal asked') },
  rehearsal: { asked: before, answered: like(idle, 'tasks asked') },
  tasks: { asked: { ...idle, hook: 'step' }, answered: early },
  close: { asked: over, answered: like(over, 'close asked') },
  events: { asked: ordered, answered: like(ordered, 'events asked') },
  proof: { asked: waiting, answered: { ...early, by: 'wait' } },
  cancel: { asked: cancelled, answered: like(cancelled, 'ledger cancelling') },
};

const ledger: Readonly<Record<TaskPhase, Facts>> = {
  waiting: like(waiting, 'proof asked'),
  starting: early,
  ordered: like(ordered, 'events asked'),
  building: like(made, 'cell pending'),
  cancelling: cancelled,
  ended: like({ ...over, hook: 'step' }, 'cell done'),
};

const cell: Readonly<Record<CellPhase, Facts>> = {
  preflight: like(ordered, 'events asked'),
  // On its way: whether it arrives when its cell is killed is the network's business.
  trigger: { ...ordered, build: 'either' },
  pending: made,
  blocked: { ...made, by: 'approval' },
  running: made,
  cancelling: cancelled,
  done: { ...over, hook: 'step' },
};

/** null: no part of a build's life; the preflight's first call is the row `cell preflight`. */
const drone: Readonly<Record<DroneCall, { readonly side: Side; readonly facts: Facts } | null>> = {
  user: null,
  repo: { side: 'answered', facts: like(ordered, 'events asked') },
  // Lists are read only when something was lost, and a promotion is another task.
  builds: null,
  again: null,
  trigger: { side: 'answered', facts: made },
  liveLog: { side: 'answered', facts: like(made, 'cell running') },
  storedLog: { side: 'asked', facts: made },
  /** Held once the build has ended: it is finished, and nobody was told. */
  build: { side: 'asked', facts: made },
};

function factsOf<F>(table: Readonly<Record<string, F>>, kind: Row['kind'], name: string): F {
  const facts = Object.hasOwn(table, name) ? table[name] : undefined;
  if (facts === undefined) throw new Error(`crashes: ${kind} "${name}" has no row; say in rows.ts what is there then`);
  return facts;
}

export interface Tables {
  readonly calls: readonly string[];
  readonly taskPhases: readonly string[];
  readonly cellPhases: readonly string[];
  readonly droneCalls: readonly string[];
}

/** @throws {Error} an entry of a table has no facts */
export function rowsOf({ calls: callNames, taskPhases, cellPhases, droneCalls }: Tables): readonly Row[] {
  const sides: readonly Side[] = ['asked', 'answered'];
  return [
    ...callNames.flatMap((of) =>
      sides.map(
        (side): Row => ({ kind: 'call', of, side, name: `${of} ${side}`, ...factsOf(calls, 'call', of)[side] }),
      ),
    ),
    ...taskPhases.map(
      (of): Row => ({ kind: 'ledger', of, side: 'answered', name: `ledger ${of}`, ...factsOf(ledger, 'ledger', of) }),
    ),
    ...cellPhases.map(
      (of): Row => ({ kind: 'cell', of, side: 'asked', name: `cell ${of}`, ...factsOf(cell, 'cell', of) }),
    ),
    ...droneCalls.flatMap((of): Row[] => {
      const found = factsOf(drone, 'drone', of);
      return found === null
        ? []
        : [{ kind: 'drone', of, side: found.side, name: `drone ${of} ${found.side}`, ...found.facts }];
    }),
  ];
}
