// The self-test of the cell's own walls: what must be impossible is tried, and Drone is asked who we are, by the way that
// every other order takes. Nothing is sent to whatever can be reached; a proxy is asked for a tunnel and no more.

import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { dial } from '../drone/dial.ts';
import { type Connection, type Ending, whoAmI } from '../drone/index.ts';
import { parseServer } from '../drone/server.ts';
import { checkVersion } from '../drone/version.ts';
import type { Order } from '../protocol/order.ts';
import type { Finding, Reach } from '../protocol/probe.ts';
import type { Output } from './output.ts';

/** Milliseconds for each attempt; all are made at the same time. */
const patience = 3000;

const saidNo = new Set(['ECONNREFUSED', 'ECONNRESET']);

function direct({ host, port }: Reach): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (finding: Finding): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(finding);
    };
    const timer = setTimeout(() => finish('silent'), patience);
    socket.once('connect', () => finish('connected'));
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
      if (code === 'ETIMEDOUT') finish('silent');
      else finish(saidNo.has(code) ? 'refused' : 'unreachable');
    });
  });
}

async function throughProxy({ host, port }: Reach, proxy: string): Promise<Finding> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), patience);
  try {
    const server = parseServer(`http://${host.includes(':') ? `[${host}]` : host}:${port}`);
    (await dial({ server, proxy: parseServer(proxy) }, over.signal)).destroy();
    return 'connected';
  } catch {
    return over.signal.aborted ? 'silent' : 'refused';
  } finally {
    clearTimeout(timer);
  }
}

async function lookUp(name: string): Promise<Finding> {
  const resolver = new Resolver({ timeout: patience, tries: 1 });
  // Several servers are asked one after the other.
  const timer = setTimeout(() => resolver.cancel(), patience);
  try {
    return (await resolver.resolve4(name)).length > 0 ? 'connected' : 'refused';
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return code === 'ETIMEOUT' || code === 'ECANCELLED' ? 'silent' : 'refused';
  } finally {
    clearTimeout(timer);
  }
}

async function askDrone(connection: Connection, { repository, drone, limits, probe }: Order): Promise<void> {
  const { call, poll } = limits;
  // Aborted from the start: a probe is made anew before long, so nothing is tried again.
  const options = { repository, logins: drone.logins, call, poll, cancel: AbortSignal.abort() };
  if (probe?.account === false) await connection.call('/version', { limit: call });
  else await whoAmI(connection, options);
  await checkVersion(connection, call);
}

/** Reports what it found, whatever Drone says. @throws {Refusal} {Failure} what is wrong with Drone */
export async function probe(connection: Connection, order: Order, output: Output): Promise<Ending> {
  const drone = askDrone(connection, order).then(
    () => null,
    (error: unknown) => ({ error }),
  );
  const { proxy } = order.drone;
  const attempt = (one: Reach): Promise<Finding> => {
    if (one.by === undefined) return direct(one);
    return proxy === undefined ? Promise.resolve('unreachable') : throughProxy(one, proxy);
  };
  if (order.probe !== undefined) {
    const { reach, names } = order.probe;
    const [reached, named] = await Promise.all([Promise.all(reach.map(attempt)), Promise.all(names.map(lookUp))]);
    output.probe({ reach: reached, names: named });
  }
  const failed = await drone;
  if (failed !== null) throw failed.error;
  return { verdict: 'success', code: 'ok', message: 'Drone answers and accepts the token' };
}
