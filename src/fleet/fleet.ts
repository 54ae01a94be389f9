// Ephemeral runners for one Docker machine: each is a container with a credential for one job, made when fewer wait than
// wanted, gone when its job is over. Only the active gate has a fleet; its runners outlive it and are the next one's.

import { type Clock, type Engine, type Gate, type Logger, systemClock } from '../gate/index.ts';
import { backoff } from './backoff.ts';
import { createDoors } from './doors.ts';
import type { GitHub } from './github/client.ts';
import { GitHubError } from './github/github-error.ts';
import { createRegistrations, lookAtRunners } from './look.ts';
import type { Memory } from './memory.ts';
import { newName } from './names.ts';
import { createPulse } from './pulse.ts';
import { type Action, type SeenRunner, plan } from './plan.ts';
import type { FleetSettings } from './settings.ts';
import { type FleetTiming, defaultFleetTiming } from './timing.ts';
import { createWorks } from './works.ts';

export interface FleetOptions {
  readonly gate: Gate;
  readonly github: GitHub;
  readonly engine: Engine;
  readonly memory: Memory;
  readonly settings: FleetSettings;
  /** The ledger's id, and what the runners' names begin with (`prefixOf`). */
  readonly installation: string;
  readonly prefix: string;
  /** Whether this gate is the active one: only then are runners touched. */
  readonly active: () => boolean;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
  readonly timing?: Partial<FleetTiming> | undefined;
}

export interface Fleet {
  /** Why no runner can be made just now, each one sentence for the operator; empty: nothing is in the way. */
  problems(): readonly string[];
  /** No new runners; those without a job are removed with their registrations. Bounded, never rejects. */
  retire(): Promise<void>;
  /** Looks no more and closes the doors. Touches no container. */
  close(): Promise<void>;
}

/** Runners may end at once this often in a row before something is wrong: GitHub removes some by itself. */
const forgiven = 2;

const isIdle = ({ running, busySince, doneSince }: SeenRunner): boolean =>
  running && busySince === null && doneSince === null;

export function createFleet(options: FleetOptions): Fleet {
  const { gate, github, engine, memory, settings, installation, prefix, active, log, clock = systemClock } = options;
  const timing = { ...defaultFleetTiming, ...options.timing };
  const now = (): number => clock.now();
  const doors = createDoors(gate, settings.folder, prefix);
  const works = createWorks({ github, engine, doors, memory, settings, installation, log, now });
  const making = new Set<string>();
  const going = new Set<string>();
  const underway = new Set<Promise<void>>();
  let runners: readonly SeenRunner[] = [];
  let failures = 0;
  let quickEnds = 0;
  let holdUntil = 0;
  let problem: string | null = null;
  let stopping = false;
  let closed = false;
  let swept = false;
  const pulse = createPulse(timing.look, timing.pause);

  const registrations = createRegistrations({ github, prefix, timing, log, now }, (list, asked) => {
    const listed = new Map(list.map((one) => [one.name, one]));
    for (const { name, made } of runners) {
      if (listed.get(name)?.busy === true) memory.busy(name);
      memory.missing(name, !listed.has(name) && asked - made > timing.listed);
    }
  });

  function hold(times: number): void {
    holdUntil = Math.max(holdUntil, now() + backoff(times, timing.backoff, Math.random()));
  }

  function troubled(err: unknown, what: string): void {
    // Several at once are one trouble.
    if (now() >= holdUntil) hold(++failures);
    if (err instanceof GitHubError && err.until !== null) holdUntil = Math.max(holdUntil, err.until);
    problem = `${what}: ${err instanceof Error ? err.message : String(err)}`;
    log.error({ err, failures, again: new Date(holdUntil).toISOString() }, what);
  }

  async function make(): Promise<void> {
    const name = newName(prefix);
    making.add(name);
    try {
      await works.make(name);
      failures = 0;
      problem = null;
      log.info({ runner: name }, 'a runner waits for a job');
    } catch (error) {
      troubled(error, 'no runner can be made');
    } finally {
      making.delete(name);
    }
  }

  async function remove(runner: SeenRunner, why: string): Promise<void> {
    const { name, made, busySince } = runner;
    const lived = now() - made;
    const end = why === 'ended' ? await engine.inspect(name).catch(() => null) : null;
    const registration = await works.remove(name);
    log.info(
      { runner: name, why, lived, exitCode: end?.State.ExitCode, oomKilled: end?.State.OOMKilled },
      'a runner is gone',
    );
    if (why !== 'ended' || busySince !== null) {
      quickEnds = 0;
      return;
    }
    // GitHub still had it registered, so no job had come: a workflow cannot make a fleet wait.
    quickEnds = registration === 'removed' && lived < timing.quick ? quickEnds + 1 : 0;
    if (quickEnds <= forgiven) return;
    hold(quickEnds - forgiven);
    problem = `runners end at once without a job (exit code ${end?.State.ExitCode ?? 'unknown'}): look at image and network`;
    log.error({ quickEnds, again: new Date(holdUntil).toISOString() }, problem);
  }

  async function retire({ name }: SeenRunner, why: string): Promise<void> {
    if (await works.retire(name)) log.info({ runner: name, why }, 'a runner without a job is removed');
    else memory.busy(name);
  }

  async function unregister(id: number, name: string): Promise<void> {
    const was = await github.removeRunner(id);
    registrations.drop(id);
    log.info({ runner: name, was }, 'a registration without a runner');
  }

  async function act(action: Action): Promise<void> {
    if (action.do === 'make') return make();
    const { name } = action;
    going.add(name);
    try {
      if (action.do === 'unregister') return await unregister(action.id, name);
      const runner = runners.find((one) => one.name === name);
      if (runner === undefined) return;
      const id = memory.registrationOf(name);
      await (action.do === 'remove' ? remove(runner, action.why) : retire(runner, action.why));
      // Asked already; what GitHub still has of it is in its next list.
      if (id !== null) registrations.drop(id);
    } catch (error) {
      troubled(error, 'a runner cannot be taken away');
      // It is left alone for as long as nothing new is begun either.
      await pulse.rest(Math.max(timing.look, holdUntil - now()));
    } finally {
      going.delete(name);
    }
  }

  function begin(action: Action): void {
    const work = act(action).finally(() => {
      underway.delete(work);
      pulse.wake();
    });
    underway.add(work);
  }

  async function look(): Promise<void> {
    if (!active()) return doors.closeAll();
    // What ends while the engine answers is in neither its list nor these sets, so both count as they were before.
    const before = { making: new Set(making), going: new Set(going) };
    runners = await lookAtRunners(engine, installation, prefix, memory);
    await Promise.all(runners.filter(({ running }) => running).map(({ name }) => doors.open(name)));
    if (!active()) return;
    if (!swept) await doors.sweep((name) => runners.some((runner) => runner.name === name));
    swept = true;
    void registrations.refresh();
    const actions = plan(
      {
        now: now(),
        wanted: settings,
        stopping,
        runners,
        registrations: registrations.last(),
        making: new Set([...before.making, ...making]),
        going: new Set([...before.going, ...going]),
        holdUntil,
      },
      { ...timing, deadline: settings.deadline },
    );
    for (const action of actions) begin(action);
  }

  async function run(): Promise<void> {
    for (;;) {
      if (closed) return;
      try {
        await look();
      } catch (error) {
        troubled(error, "the fleet's runners cannot be looked at");
      }
      await pulse.next();
    }
  }

  /** Every runner without a job has been asked for once more. */
  async function settled(): Promise<void> {
    const until = now() + timing.stop;
    do {
      await pulse.rest(timing.pause);
    } while (now() < until && (underway.size > 0 || runners.some(isIdle)));
  }

  memory.onSeen = pulse.wake;
  const running = run();
  return {
    problems: () => (problem !== null && now() < holdUntil ? [problem] : []),
    async retire() {
      stopping = true;
      pulse.wake();
      if (active()) await settled();
    },
    async close() {
      closed = true;
      pulse.end();
      await running;
      await doors.closeAll();
    },
  };
}
