// A gate over all its turns as the ledger's holder. Each turn is a gate of its own, which begins with what the ledger says
// and ends without a word when the turn is lost; in between this process is a standby (DESIGN.md, The gate).

import { setTimeout as sleep } from 'node:timers/promises';
import { type Gate, type GateOptions, checkAvailable, createGate } from './gate.ts';
import type { Ledger } from './ledger/ledger.ts';
import { takenOver } from './ledger/use.ts';
import { within } from './limit.ts';
import { jsonError } from './reply.ts';
import { defaultTiming } from './timing.ts';

/** A ledger that several gates share, one of which is its holder at a time. */
export interface SharedLedger extends Ledger {
  /** Resolves once this gate is the holder. @throws {Failure} `gate-stopping`: the ledger was closed */
  acquire(): Promise<{ readonly epoch: number; readonly ended: Promise<string> }>;
  stepDown(): Promise<void>;
  broken(): string | null;
  close(): Promise<void>;
}

export interface SharedGateOptions extends GateOptions {
  readonly ledger: SharedLedger;
}

/**
 * The ledger as one turn has it. What a lost turn was waiting for may come while this process has its next one, which
 * reads the ledger anew and counts on nobody else's writing into it.
 */
const inTurn = (ledger: SharedLedger, turn: number): Ledger => ({
  ...ledger,
  epoch: () => (ledger.epoch() === turn ? turn : null),
});

/** How long to wait after a take-over that failed. */
const again = 1_000;

/** Begins to wait for its first turn at once. @throws {Failure} `gate-failed` */
export function createSharedGate(options: SharedGateOptions): Gate {
  const { audit, cells, ledger, log, policy } = options;
  checkAvailable(options);
  let gate: Gate | null = null;
  let serving = false;
  let stopping: Promise<void> | null = null;

  async function turn(): Promise<void> {
    const { epoch, ended } = await ledger.acquire();
    const mine = createGate({ ...options, ledger: inTurn(ledger, epoch) });
    gate = mine;
    try {
      await mine.takeOver();
      serving = true;
      log.info({ epoch }, 'this gate is the active one');
      log.warn({ epoch, reason: await ended }, 'this gate is not the active one any more');
    } finally {
      serving = false;
      if (stopping === null) {
        gate = null;
        await mine.abandon();
      }
    }
  }

  async function serve(): Promise<void> {
    for (;;) {
      if (stopping !== null) return;
      try {
        await turn();
      } catch (err) {
        if (stopping !== null) return;
        log.error({ err }, 'this gate could not become the active one');
        await ledger.stepDown();
        await sleep(again);
      }
    }
  }

  async function stop(): Promise<void> {
    if (gate !== null) await gate.stop();
    else {
      await audit.write({ event: 'stop', policy: policy.hash }).catch(() => undefined);
      await audit.close();
    }
    await ledger.close();
  }

  const served = serve();
  return {
    log,
    handle: async (runner, call) => (gate !== null && serving ? gate.handle(runner, call) : jsonError(takenOver())),
    gone(runner) {
      if (serving) gate?.gone(runner);
    },
    notReady() {
      if (gate !== null && serving) return [...gate.notReady(), ledger.broken()].filter((reason) => reason !== null);
      return [cells.ready(), audit.broken(), ledger.broken()].filter((reason) => reason !== null);
    },
    warnings: () => (gate !== null && serving ? gate.warnings() : []),
    takeOver: () => Promise.resolve(),
    abandon: () => gate?.abandon() ?? Promise.resolve(),
    stop() {
      stopping ??= within(
        stop().then(() => served),
        2 * (options.timing?.stop ?? defaultTiming.stop),
        () => log.error('the gate did not stop in time'),
      ).catch((err: unknown) => log.error({ err }, 'the gate did not stop cleanly'));
      return stopping;
    },
  };
}
