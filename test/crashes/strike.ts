// Kills and stops, all at once, and brings back what an operator's machine brings back: stopped processes go on, a killed
// gate, engine and Drone are started again at once. Hooks, cells and shims stay dead.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Strike, Victim } from './cases.ts';
import type { Job } from './jobs.ts';
import { cellPids, hookPids, shimPids, signal } from './processes.ts';
import { until } from './wait.ts';
import type { World } from './world.ts';

/** How long a stopped process stands still: longer than any retry's first pause, shorter than what gives up. */
const standstill = 1_500;

async function containers(world: World, strikes: readonly Strike[]): Promise<string[]> {
  if (!strikes.some(({ victim }) => victim === 'cell' || victim === 'shim')) return [];
  let found: string[] = [];
  await until(15_000, 'a cell runs', async () => {
    found = await world.engine.cells('running');
    return found.length > 0;
  });
  return found;
}

function pidsOf({ engine, gate, drone }: World, job: Job, victim: Victim, ids: readonly string[]): number[] {
  switch (victim) {
    case 'hook':
      return hookPids(job.folder);
    case 'gate':
      return gate.pids();
    case 'cell':
      return ids.flatMap(cellPids);
    case 'shim':
      return ids.flatMap(shimPids);
    case 'engine':
      return engine.pids();
    case 'drone':
      return drone.pids();
    default:
      return victim satisfies never;
  }
}

async function again({ engine, gate, drone }: World, victim: Victim): Promise<void> {
  if (victim === 'gate') gate.start();
  if (victim === 'drone') await drone.again();
  if (victim === 'engine') await engine.start();
}

/**
 * @param struck called as soon as nothing of what was struck moves any more
 * @returns what could not be struck, because it was not there
 */
export async function strike(
  world: World,
  job: Job,
  strikes: readonly Strike[],
  struck: () => void,
): Promise<string[]> {
  const ids = await containers(world, strikes);
  const targets = strikes.map((one) => ({ ...one, pids: pidsOf(world, job, one.victim, ids) }));
  for (const { how, pids } of targets) signal(pids, how === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  // Its first process has to know, or it would start no second one.
  if (targets.some(({ how, victim }) => how === 'kill' && victim === 'engine')) await world.engine.kill();
  struck();
  await Promise.all(
    targets.map(async ({ how, victim, pids }) => {
      if (how === 'kill') return again(world, victim);
      await sleep(standstill);
      signal(pids, 'SIGCONT');
    }),
  );
  return targets.filter(({ pids }) => pids.length === 0).map(({ victim }) => `there was no ${victim} to strike`);
}
