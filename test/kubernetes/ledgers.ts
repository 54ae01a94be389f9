import { afterAll, afterEach } from 'vitest';
import {
  type ClusterLedgerOptions,
  type KubernetesClient,
  type SharedLedger,
  openClusterLedger,
} from '../../src/gate/index.ts';
import { silentLog } from '../../src/gate/log.ts';

// Ledgers in a cluster, or in a fake of one, closed after each test.

/** Short waits; still far longer than what a busy machine makes of a poll. */
export const quick = { life: 3_000, renew: 200, retry: 100, stop: 2_000, poll: 30, call: 1_500, patience: 4_000 };

/** Nothing runs out on a busy machine. */
export const patient = { life: 60_000, renew: 5_000, stop: 50_000, call: 20_000, patience: 30_000 };

export interface Where {
  readonly client: KubernetesClient;
  readonly namespace: string;
}

const opened: SharedLedger[] = [];
const close = async (): Promise<void> => {
  await Promise.all(opened.splice(0).map((ledger) => ledger.close()));
};
afterEach(close);
afterAll(close);

let count = 0;
/** A name that no other ledger of this process has. */
export const newName = (): string => `ledger${++count}`;

export function openLedger(
  { client, namespace }: Where,
  name: string,
  more: Partial<ClusterLedgerOptions> = {},
): SharedLedger {
  const timing = { ...quick, ...more.timing };
  const ledger = openClusterLedger({ client, namespace, holder: 'test', log: silentLog(), ...more, name, timing });
  opened.push(ledger);
  return ledger;
}

export interface HeldShared {
  readonly ledger: SharedLedger;
  readonly epoch: number;
  readonly ended: Promise<string>;
}

export async function holdLedger(
  where: Where,
  name = newName(),
  more: Partial<ClusterLedgerOptions> = {},
): Promise<HeldShared> {
  const ledger = openLedger(where, name, more);
  return { ledger, ...(await ledger.acquire()) };
}
