// What a fleet does next, as a pure function of what it sees. Nothing is remembered between two looks but what stands in
// them, so a gate that starts anew decides as the one before would have.

export interface Wanted {
  /** Runners that wait for a job. */
  readonly idle: number;
  /** Runners at the same time, whatever they do. */
  readonly max: number;
}

/** Milliseconds. */
export interface PlanTiming {
  /** The longest that a runner may wait for its job, and the longest that the job may take. */
  readonly deadline: number;
  /** From the end of the job's session to the end of the runner's process, which tells GitHub in between. */
  readonly afterJob: number;
  /** From when a runner's registration was missed to its end. */
  readonly missing: number;
}

/** A container of the fleet. All times are milliseconds since the epoch; null: not. */
export interface SeenRunner {
  readonly name: string;
  readonly running: boolean;
  readonly made: number;
  /** It has a job: its session at the gate says so, or GitHub. */
  readonly busySince: number | null;
  /** The job's session has ended. */
  readonly doneSince: number | null;
  /** GitHub does not list it any more. */
  readonly missingSince: number | null;
}

export interface Look {
  readonly now: number;
  readonly wanted: Wanted;
  /** No runner is wanted any more; those with a job go on. */
  readonly stopping: boolean;
  readonly runners: readonly SeenRunner[];
  /** GitHub's list of runners with names of this fleet; empty: there is none, or it is not known yet. */
  readonly registrations: readonly { readonly id: number; readonly name: string }[];
  /** Being made just now. */
  readonly making: ReadonlySet<string>;
  /** Being taken away just now. */
  readonly going: ReadonlySet<string>;
  /** Nothing is made before this. */
  readonly holdUntil: number;
}

export type Action =
  | { readonly do: 'make' }
  /** Ends and deletes the container, and what is left of its registration. */
  | { readonly do: 'remove'; readonly name: string; readonly why: 'ended' | 'done' | 'missing' | 'deadline' }
  /** The same for a runner without a job: only if GitHub lets the registration go, since a job may have come just now. */
  | { readonly do: 'retire'; readonly name: string; readonly why: 'old' | 'surplus' | 'stopping' }
  /** A registration without a container. */
  | { readonly do: 'unregister'; readonly id: number; readonly name: string };

const since = (now: number, at: number | null): number => (at === null ? -Infinity : now - at);

/** What has to happen to one runner; null: nothing. */
function fate(runner: SeenRunner, { now, stopping }: Look, timing: PlanTiming): Action | null {
  const { name, running, made, busySince, doneSince, missingSince } = runner;
  if (!running) return { do: 'remove', name, why: 'ended' };
  if (since(now, doneSince) >= timing.afterJob) return { do: 'remove', name, why: 'done' };
  if (since(now, missingSince) >= timing.missing) return { do: 'remove', name, why: 'missing' };
  if (since(now, busySince) >= timing.deadline) return { do: 'remove', name, why: 'deadline' };
  // Whatever it is doing: nobody was told of a job, and a job would be over.
  if (since(now, made) >= 2 * timing.deadline) return { do: 'remove', name, why: 'deadline' };
  if (busySince !== null || doneSince !== null) return null;
  if (stopping) return { do: 'retire', name, why: 'stopping' };
  return since(now, made) >= timing.deadline ? { do: 'retire', name, why: 'old' } : null;
}

/** In the order in which they should be begun. */
export function plan(look: Look, timing: PlanTiming): readonly Action[] {
  const { now, wanted, stopping, runners, registrations, making, going, holdUntil } = look;
  const staying = runners.filter(({ name }) => !going.has(name) && !making.has(name));
  const fates = new Map(staying.map((runner) => [runner.name, fate(runner, look, timing)]));
  const idle = staying
    .filter(({ name, busySince, doneSince }) => fates.get(name) === null && busySince === null && doneSince === null)
    .toSorted((a, b) => a.made - b.made);
  const surplus: Action[] = idle
    .slice(0, Math.max(0, idle.length - wanted.idle))
    .map(({ name }) => ({ do: 'retire', name, why: 'surplus' }));
  const known = new Set([...runners.map(({ name }) => name), ...making, ...going]);
  const stale: Action[] = registrations
    .filter(({ name }) => !known.has(name))
    .map(({ id, name }) => ({ do: 'unregister', id, name }));
  // A container counts against the most until it is gone.
  const all = new Set([...runners.map(({ name }) => name), ...making]).size;
  const missing = Math.min(wanted.idle - idle.length - making.size, wanted.max - all);
  const made = stopping || now < holdUntil ? 0 : Math.max(0, missing);
  return [
    ...[...fates.values()].filter((action) => action !== null),
    ...surplus,
    ...stale,
    ...Array.from({ length: made }, (): Action => ({ do: 'make' })),
  ];
}
