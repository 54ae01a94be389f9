// The test of the cells' network, from inside a cell: at the beginning of each turn and again and again. A network that is
// open where it must be closed is no place for an order, unless the operator took that risk and said why.

import { Failure } from '../../protocol/index.ts';
import type { Context } from '../context.ts';
import { within } from '../limit.ts';
import {
  type Accepted,
  type Surroundings,
  type Tried,
  everywhere,
  isWanted,
  nameOf,
  opened,
  placeOf,
} from './attempts.ts';
import { probeFrom } from './probe-cell.ts';

export interface SelfTestOptions {
  readonly surroundings: Surroundings;
  readonly accept: readonly Accepted[];
}

export interface SelfTest {
  /** Why no order may be given; null: the walls were seen to hold. One sentence for the operator. */
  problem(): string | null;
  /** What should work and does not. */
  warnings(): readonly string[];
  /** Waits for the first test. @throws {Failure} `network-open`; `no-cell-engine`: there was no test yet */
  admits(): Promise<void>;
  /** Tests when it is time to. Does not wait. */
  sweep(): void;
  stop(): Promise<void>;
}

type Needed = Pick<Context, 'policy' | 'ledger' | 'cells' | 'log' | 'clock' | 'timing'>;

/** For cells that are no containers, and for tests. */
const none: SelfTest = {
  problem: () => null,
  warnings: () => [],
  admits: () => Promise.resolve(),
  sweep: () => undefined,
  stop: () => Promise.resolve(),
};

const sentence = (open: readonly Tried[]): string =>
  `a cell reaches what it must not: ${open.map((one) => `${placeOf(one)} (${nameOf(one)})`).join(', ')}; ` +
  'close it, or accept it with a reason in selfTest.accept';

/** How long a stop waits for the cell of a test to be gone. */
const leaving = 2_000;

export function createSelfTest(context: Needed, options: SelfTestOptions | undefined): SelfTest {
  if (options === undefined) return none;
  const { policy, ledger, cells, log, clock, timing } = context;
  const { surroundings, accept } = options;
  const stopped = new AbortController();
  /** null: there was no test yet. */
  let result: { readonly open: string | null; readonly hash: string } | null = null;
  let failed: string | null = null;
  let warnings: readonly string[] = [];
  let testing: Promise<void> | null = null;
  let lastAt = Number.NEGATIVE_INFINITY;
  let known: () => void = () => undefined;
  const first = new Promise<void>((done) => {
    known = done;
  });

  async function test(): Promise<void> {
    const { hash } = policy;
    const drones = [...policy.drones];
    const tried: Tried[] = [];
    const troubles: string[] = [];
    for (const [index, [name, drone]] of drones.entries()) {
      const probed = await probeFrom({
        cells,
        timing,
        log,
        drone,
        token: true,
        signal: stopped.signal,
        async attempts(cell) {
          const all = everywhere(index === 0 ? drones.map(([, one]) => one) : [drone]);
          // The walls are the same for all; the proxy is this Drone's own.
          if (index > 0) return all.filter(({ by }) => by === 'proxy');
          return [...(await surroundings(cell)), ...all].filter((one) => !isWanted(one, policy.drones.values()));
        },
      });
      tried.push(...probed.tried);
      const { code, message } = probed.drone;
      if (code !== 'ok') troubles.push(`no cell can work with the Drone "${name}" now: ${message} [${code}]`);
    }
    const open = opened(tried, accept);
    const before = result;
    result = { open: open.length === 0 ? null : sentence(open), hash };
    failed = null;
    for (const warning of troubles) if (!warnings.includes(warning)) log.warn({ warning }, 'the self-test warns');
    warnings = troubles;
    if (result.open !== null) log.error({ problem: result.open }, 'the network is open: nothing is started');
    else if (before === null || before.open !== null)
      log.info({ tried: tried.length, accept }, "the cells' network is closed");
    known();
  }

  async function run(): Promise<void> {
    lastAt = clock.monotonic();
    try {
      await test();
    } catch (err) {
      if (stopped.signal.aborted) return;
      failed = `the network of the cells could not be tested: ${err instanceof Error ? err.message : 'not an error'}`;
      log.error({ err }, 'the network of the cells could not be tested');
    }
  }

  function isDue(): boolean {
    const passed = clock.monotonic() - lastAt;
    if (result === null || failed !== null || result.open !== null) return passed >= timing.selfTestRetry;
    return passed >= timing.selfTest || (result.hash !== policy.hash && passed >= timing.selfTestRetry);
  }

  function problem(): string | null {
    if (policy.drones.size === 0) return null;
    if (result === null) return failed ?? 'the network of the cells has not been tested yet';
    return result.open;
  }

  return {
    problem,
    warnings: () => (result !== null && failed !== null ? [...warnings, failed] : warnings),
    async admits() {
      if (policy.drones.size > 0 && result === null) await within(first, timing.admit, () => undefined);
      const cause = problem();
      if (cause === null) return;
      if (result === null)
        throw new Failure('no-cell-engine', 'this gate could not test the network of its cells; tell its operator', {
          cause: new Error(cause),
          status: 503,
        });
      throw new Failure(
        'network-open',
        "the network of this gate's cells is open where it must be closed, so nothing is started; tell its operator",
        // No 503: it will not pass while a hook waits.
        { cause: new Error(cause) },
      );
    },
    sweep() {
      const idle = testing === null && !stopped.signal.aborted && policy.drones.size > 0;
      // A standby has no cells, and without an engine there is nothing to test.
      if (!idle || ledger.epoch() === null || cells.ready() !== null || !isDue()) return;
      testing = run().finally(() => {
        testing = null;
      });
    },
    async stop() {
      stopped.abort();
      if (testing !== null) await within(testing, leaving, () => undefined);
    },
  };
}
