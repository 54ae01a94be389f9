// One cell that tries its own walls. Its order is made from constants, the engine's answers and the operator's files, and
// is of a kind that no plan can have: no job ever gets it.

import { randomBytes } from 'node:crypto';
import type { DronePolicy } from '../../policy/index.ts';
import {
  AirlockError,
  Failure,
  type Finding,
  type Order,
  type ProbeEvent,
  type ResultEvent,
  maxAttempts,
  maxEventBytes,
  orderVersion,
  parseOrder,
  parseProbeEvent,
  parseStrictJson,
} from '../../protocol/index.ts';
import type { CellEngine } from '../cells/engine.ts';
import { type HeldCell, startCell } from '../cells/held.ts';
import { within } from '../limit.ts';
import type { Logger } from '../log.ts';
import { type Secrets, readSecrets } from '../tasks/secrets.ts';
import type { Timing } from '../timing.ts';
import type { Attempt, Tried } from './attempts.ts';

export interface ProbeOptions {
  readonly cells: CellEngine;
  readonly timing: Timing;
  readonly log: Logger;
  readonly drone: DronePolicy;
  /** What to try, by the id of the cell that does. */
  readonly attempts: (cell: string) => Promise<readonly Attempt[]>;
  /** Whether the Drone's token may go along; it may not where Drone must not be reached. */
  readonly token: boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
}

export interface Probed {
  readonly tried: readonly Tried[];
  /** `ok`, or what is wrong with the way to Drone. */
  readonly drone: { readonly code: string; readonly message: string };
}

/** Stands where a token has to be and none is there. */
const noToken = 'none';

interface Found {
  readonly probe: ProbeEvent;
  readonly result: ResultEvent;
}

function listen(held: HeldCell, order: Order, signal: AbortSignal): Promise<Found> {
  return new Promise((done, fail) => {
    let probe: ProbeEvent | null = null;
    signal.addEventListener('abort', () => fail(new Failure('gate-stopping', 'the gate is stopping')), { once: true });
    held.order(order, {
      line(text) {
        const event = parseProbeEvent(
          parseStrictJson(Buffer.from(text), { maxBytes: maxEventBytes, what: 'the event' }),
        );
        if (event.k === 'probe') probe = event;
        else if (probe === null) fail(new Failure('cell-misbehaved', `the cell tried nothing: ${event.message}`));
        else done({ probe, result: event });
      },
      pause: () => null,
      over: fail,
    });
  });
}

function orderFor({ drone, timing }: ProbeOptions, secrets: Secrets, account: boolean, all: readonly Attempt[]): Order {
  const { server, address, proxy, logins } = drone;
  const hex = (): string => randomBytes(16).toString('hex');
  const { order } = timing;
  const most = timing.probe;
  return parseOrder({
    v: orderVersion,
    id: hex(),
    kind: 'probe',
    drone: { server, address, ca: secrets.ca, proxy, token: secrets.token, logins },
    repository: 'airlock/probe',
    nonce: hex(),
    params: {},
    log: 'status',
    redact: [],
    limits: { ...order, queue: most, blocked: most, run: most, reconnect: 1_000, logBytes: 0 },
    probe: {
      reach: all.flatMap(({ host, port, by }) => (by === 'dns' ? [] : [{ host, port, by }])),
      names: all.flatMap(({ host, by }) => (by === 'dns' ? [host] : [])),
      account,
    },
  });
}

/** By their place in the order. @throws {Failure} `cell-misbehaved` */
function told(all: readonly Attempt[], { reach, names }: ProbeEvent): readonly Tried[] {
  const left: Record<'reach' | 'names', Finding[]> = { reach: [...reach], names: [...names] };
  const tried = all.flatMap((attempt) => {
    const found = (attempt.by === 'dns' ? left.names : left.reach).shift();
    return found === undefined ? [] : [{ ...attempt, found }];
  });
  if (tried.length !== all.length || left.reach.length + left.names.length > 0)
    throw new Failure('cell-misbehaved', 'the cell told another number of attempts than it was given');
  return tried;
}

/** @throws {Failure} no cell could be started, or it told nothing that can be believed */
export async function probeFrom(options: ProbeOptions): Promise<Probed> {
  const { cells, timing, log, drone, token, attempts, signal } = options;
  const account = token && drone.token !== 'workflow';
  let broken: AirlockError | null = null;
  let secrets: Secrets = { token: noToken, redact: [] };
  try {
    if (account) secrets = await readSecrets({}, drone, undefined, timing.disk);
    else secrets = await readSecrets({}, { ...drone, token: 'workflow' }, noToken, timing.disk);
  } catch (error) {
    if (!(error instanceof AirlockError)) throw error;
    broken = error;
  }
  const held = await startCell(cells, timing, log);
  try {
    signal.throwIfAborted();
    const all = (await attempts(held.id)).slice(0, maxAttempts);
    const order = orderFor(options, secrets, account && broken === null, all);
    const { probe, result } = await within(listen(held, order, signal), timing.probe, () => {
      throw new Failure('cell-misbehaved', `the cell told nothing within ${timing.probe / 1000} s`);
    });
    const { code, message } = broken ?? result;
    return { tried: told(all, probe), drone: { code, message } };
  } finally {
    await held.discard();
  }
}
