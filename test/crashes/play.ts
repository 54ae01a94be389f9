// One case from its job to the job after it.

import type { Case } from './cases.ts';
import type { Job } from './jobs.ts';
import type { Observed } from './judge.ts';
import { reach } from './reach.ts';
import { quick, scenarioOf } from './scenarios.ts';
import { strike } from './strike.ts';
import { until, within } from './wait.ts';
import type { World } from './world.ts';

/** Milliseconds: a job after it was struck, and everything that comes behind it. */
export const bound = 180_000;
const limit = 200_000;

const live = new Set(['pending', 'running', 'blocked', 'waiting_on_dependencies']);
const settled = (job: Job): boolean => job.builds().every(({ status }) => !live.has(status));

/** What does not come in time is part of what was seen. */
async function orTrouble(troubles: string[], work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    troubles.push(error instanceof Error ? error.message : String(error));
  }
}

async function concluded(job: Job, troubles: string[]): Promise<Observed['conclusion']> {
  let conclusion: Observed['conclusion'] = null;
  const end = job.conclusion.then((value) => (conclusion = value));
  await orTrouble(troubles, within(limit, 'the end of the job', end));
  return conclusion;
}

async function next(world: World, troubles: string[]): Promise<Observed['next']> {
  const job = world.job(quick);
  job.start();
  const conclusion = await concluded(job, troubles);
  if (conclusion !== 'success') troubles.push(`the next job says: ${job.lines.slice(-4).join(' | ')}`);
  return { conclusion, builds: job.builds() };
}

export interface Played {
  readonly observed: Observed;
  readonly gateLog: readonly string[];
}

export async function play(world: World, { row, strikes }: Case): Promise<Played> {
  const troubles: string[] = [];
  const job = world.job(scenarioOf(row));
  world.streams();
  const moment = await reach(world, job, row);
  const began = Date.now();
  await orTrouble(
    troubles,
    strike(world, job, strikes, moment.release).then((absent) => troubles.push(...absent)),
  );
  moment.release();
  const number = job.number();
  if (row.by === 'approval' && number !== undefined) await world.drone.approve(number);
  const conclusion = await concluded(job, troubles);
  await orTrouble(
    troubles,
    until(limit, 'the end of the build', () => settled(job)),
  );
  const ms = Date.now() - began;
  const streams = world.streams();
  await orTrouble(troubles, world.gate.serving(60_000));
  const after = await next(world, troubles);
  let cellsLeft = 0;
  const noCell = async (): Promise<boolean> => {
    cellsLeft = (await world.engine.cells('all')).length;
    // A process without a container is a cell, too.
    if (cellsLeft === 0) cellsLeft = world.engine.contained().length;
    return cellsLeft === 0;
  };
  await until(90_000, 'no cell is left', noCell).catch(() => undefined);
  const fault = world.gate.fault();
  if (fault !== null) troubles.push(fault);
  const { lines } = job;
  return {
    observed: { conclusion, lines, builds: job.builds(), streams, cellsLeft, next: after, ms, troubles },
    gateLog: world.gateLog(),
  };
}
