// How a job is brought to the moment of a row, and held there where something can hold it.

import { findCall } from '../../src/gate/routes.ts';
import type { Job } from './jobs.ts';
import type { DroneCall, Row } from './rows.ts';
import { slug } from './drone.ts';
import { holding } from './scenarios.ts';
import type { Exchange, Held } from './tap.ts';
import type { World } from './world.ts';
import { within } from './wait.ts';

export interface Moment {
  readonly reached: Promise<unknown>;
  readonly release: () => void;
}

const nothing = Buffer.alloc(0);

function isCall(name: string): (exchange: Exchange) => boolean {
  return ({ method, path }) => {
    const [bare = '', query = ''] = path.split('?', 2);
    try {
      return findCall({ method, path: bare, query, body: nothing }).name === name;
    } catch {
      return false;
    }
  };
}

const repository = `/api/repos/${slug}`;
const droneCalls: Readonly<Record<DroneCall, ((exchange: Exchange, job: Job) => boolean) | null>> = {
  user: ({ path }) => path === '/api/user',
  repo: ({ method, path }) => method === 'GET' && path === repository,
  builds: null,
  again: null,
  trigger: ({ method, path }) => method === 'POST' && path.startsWith(`${repository}/builds?`),
  liveLog: ({ path }) => path.startsWith('/api/stream/'),
  storedLog: ({ path }) => path.startsWith(repository) && path.includes('/logs/'),
  build: ({ method, path }, job) =>
    method === 'GET' && /\/builds\/\d+$/.test(path) && job.builds().at(-1)?.status === 'success',
};

function atDrone({ drone }: World, job: Job, name: DroneCall, side: Row['side']): Held {
  const fits = droneCalls[name];
  if (fits === null) throw new Error(`no build's cell makes the call ${name}`);
  return drone.tap.hold((exchange) => fits(exchange, job), side);
}

/** Waits for another moment and then holds nothing. */
const free = (reached: Promise<unknown>): Moment => ({ reached, release: () => undefined });

/** The cell stays where it is, before it asks Drone for anything. */
function beforeDrone(world: World, job: Job, reached: Promise<unknown>): Moment {
  const { release } = atDrone(world, job, 'user', 'asked');
  return { reached, release };
}

function ofCall(world: World, job: Job, { of, side }: Row): Moment {
  const held = world.tap.hold(isCall(of), side);
  if (of !== 'events') return held;
  const moment = beforeDrone(world, job, Promise.all([held.reached, world.ledger.phase(job.run, 'ordered')]));
  return {
    reached: moment.reached,
    release() {
      held.release();
      moment.release();
    },
  };
}

function ofCell(world: World, job: Job, { of }: Row): Moment {
  switch (of) {
    case 'preflight':
      return atDrone(world, job, 'user', 'asked');
    case 'trigger':
      return atDrone(world, job, 'trigger', 'asked');
    case 'cancelling':
      return world.drone.tap.hold(({ method }) => method === 'DELETE', 'asked');
    default:
      return world.tap.holdLine((line) => line.includes(`"phase":"${of}"`));
  }
}

function ofLedger(world: World, job: Job, { of }: Row): Moment {
  const reached = world.ledger.phase(job.run, of);
  if (of === 'ordered') return beforeDrone(world, job, reached);
  // Its hook would end, having read the result.
  return of === 'ended' ? { ...world.tap.holdLine((line) => line.includes('"k":"result"')), reached } : free(reached);
}

function arm(world: World, job: Job, row: Row): Moment {
  switch (row.kind) {
    case 'call':
      return ofCall(world, job, row);
    case 'ledger':
      return ofLedger(world, job, row);
    case 'cell':
      return ofCell(world, job, row);
    case 'drone':
      return atDrone(world, job, row.of as DroneCall, row.side);
    default:
      return row.kind satisfies never;
  }
}

const limit = 180_000;

/** Starts the job and resolves at the row's moment. @throws {Error} it does not come */
export async function reach(world: World, job: Job, row: Row): Promise<Moment> {
  if (row.by === 'wait') {
    const first = world.job(holding, 2);
    const holds = world.ledger.phase(first.run, 'building');
    first.start();
    await within(limit, 'the only place is taken', holds);
  }
  const moment = arm(world, job, row);
  const running = row.by === 'cancel' ? world.state('running') : null;
  job.start();
  try {
    if (running !== null) {
      await within(limit, 'the build runs', running);
      job.cancel();
    }
    await within(limit, `the moment "${row.name}"`, moment.reached);
    return moment;
  } catch (error) {
    moment.release();
    throw new Error(`${String(error)}; the job says: ${job.lines.slice(-4).join(' | ')}`, { cause: error });
  }
}
