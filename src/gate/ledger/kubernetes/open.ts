// A ledger that outlives its gate, in the cluster itself: records as ConfigMaps, the holder as a Lease (PROTOCOL.md,
// Ledger). Any number of gates may open it; one is the holder and changes it, the others are standbys and may read.

import { randomBytes } from 'node:crypto';
import { Failure } from '../../../protocol/index.ts';
import type { KubernetesClient } from '../../kubernetes/index.ts';
import type { Logger } from '../../log.ts';
import { type Clock, systemClock } from '../../timing.ts';
import type { SharedLedger } from '../../turns.ts';
import { createBindings } from './bindings.ts';
import { campaign } from './campaign.ts';
import { createConfigMaps } from './config-maps.ts';
import { clusterFailure, isUncertain } from './failure.ts';
import { createLease } from './lease.ts';
import { createRecords } from './records.ts';
import { createSessionRecords } from './sessions.ts';
import { sweep } from './sweep.ts';
import { type ClusterLedgerTiming, checkTiming, defaultClusterLedgerTiming } from './timing.ts';
import { type Turn, type TurnContext, startTurn } from './turn.ts';

export interface ClusterLedgerOptions {
  readonly client: KubernetesClient;
  readonly namespace: string;
  /** Of this installation: what the names of its ConfigMaps and of its Lease begin with. */
  readonly name: string;
  /** Who this gate is, for people: its pod's name. */
  readonly holder: string;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
  readonly timing?: Partial<ClusterLedgerTiming> | undefined;
}

const plainName = /^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?$/;

/** @throws {Failure} `ledger-failed`: settings with which there can be no ledger */
export function openClusterLedger(options: ClusterLedgerOptions): SharedLedger {
  const { client, namespace, name, log, clock = systemClock } = options;
  const timing = { ...defaultClusterLedgerTiming, ...options.timing };
  checkTiming(timing);
  if (!plainName.test(name))
    throw new Failure('ledger-failed', 'the ledger has to be named by up to 53 of a-z, 0-9 and -');
  // A process knows its own older turns by it; two pods never share it.
  const holder = `${options.holder}_${randomBytes(8).toString('hex')}`;
  const closed = new AbortController();
  let turn: Turn | null = null;
  let waiting: Promise<Turn> | null = null;
  let broken: string | null = null;

  const held = (): Turn | null => (turn?.live() === true ? turn : null);
  const maps = createConfigMaps(client, namespace, name, timing);
  const records = createRecords(maps, held);
  const bindings = createBindings(maps, held, clock);
  const sessions = createSessionRecords(maps, held, (message) => log.warn(message));
  const lease = createLease(client, namespace, `${name}-gate`, timing.life, () => clock.now());

  function report(error: unknown): void {
    const message = error === null ? null : clusterFailure(namespace, error).message;
    if (message === broken) return;
    broken = message;
    if (message === null) log.info('the ledger can be used again');
    else log.error({ err: error }, 'the ledger cannot be used, so nothing is started');
  }

  /** @throws {Failure} */
  async function reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      const done = await work();
      report(null);
      return done;
    } catch (error) {
      if (!(error instanceof Failure)) report(error);
      throw clusterFailure(namespace, error);
    }
  }

  /** A change whose outcome nobody knows ends the turn: the next one reads anew what stands. */
  async function writing<T>(work: () => Promise<T>): Promise<T> {
    const mine = held();
    return reading(async () => {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Failure) && isUncertain(error))
          mine?.end('the API server did not say whether a record was written, so the ledger must be read anew');
        throw error;
      }
    });
  }

  const context: TurnContext = { lease, holder, clock, timing, report };

  async function untilHeld(): Promise<Turn> {
    for (;;) {
      const newestEpoch = (): Promise<number> => records.newestEpoch();
      const onOther = (other: string): void => log.info({ holder: other }, 'another gate holds the ledger');
      const { view, since } = await campaign({ ...context, newestEpoch, onOther }, closed.signal);
      const next = startTurn(view, since, context);
      turn = next;
      try {
        await records.begin(next);
      } catch (error) {
        report(error);
        await next.release();
      }
      if (closed.signal.aborted) await next.release();
      else if (next.live()) return next;
    }
  }

  async function stepDown(): Promise<void> {
    await turn?.release();
  }

  let sweeping: NodeJS.Timeout | undefined;
  function sweepLater(): void {
    sweeping = setTimeout(() => {
      sweep({ records, bindings, sessions, turn: held, now: () => clock.now(), kept: timing.kept })
        .catch((err: unknown) => log.warn({ err }, 'old records of the ledger could not be removed'))
        .finally(() => {
          if (!closed.signal.aborted) sweepLater();
        });
    }, timing.sweep).unref();
  }
  sweepLater();

  return {
    epoch: () => held()?.epoch ?? null,
    create: (record) => writing(() => records.create(record)),
    swap: (next) => writing(() => records.swap(next)),
    read: (job, slot) => reading(() => records.read(job, slot)),
    list: (filter) => reading(() => records.list(filter)),
    bind: (runner, job) => writing(() => bindings.bind(runner, job)),
    putSession: (record) => writing(() => sessions.putSession(record)),
    closeSession: (session) => reading(() => sessions.closeSession(session)),
    sessions: () => reading(() => sessions.sessions()),
    async acquire() {
      const now = held();
      if (now !== null) return now;
      waiting ??= untilHeld().finally(() => (waiting = null));
      return waiting;
    },
    stepDown,
    broken: () => broken,
    async close() {
      closed.abort();
      clearTimeout(sweeping);
      await waiting?.catch(() => undefined);
      await stepDown();
    },
  };
}
