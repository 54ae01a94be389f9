// Who holds the ledger: a Lease of coordination.k8s.io/v1, changed by compare-and-swap. Its leaseTransitions are the
// epoch, so `kubectl get lease` shows what the records say.

import * as v from 'valibot';
import { type KubernetesClient, isStatus } from '../../kubernetes/index.ts';

export interface LeaseView {
  readonly version: string;
  /** Empty: nobody holds it. */
  readonly holder: string;
  readonly epoch: number;
}

export interface LeaseClaim {
  readonly holder: string;
  readonly epoch: number;
}

export interface Lease {
  /** null: there is none yet. */
  read(limit: number): Promise<LeaseView | null>;
  /**
   * @param before null: none is there
   * @returns null: somebody else was faster
   */
  write(before: LeaseView | null, claim: LeaseClaim, limit: number): Promise<LeaseView | null>;
}

const schema = v.object({
  metadata: v.object({ resourceVersion: v.string() }),
  spec: v.optional(
    v.object({
      holderIdentity: v.optional(v.nullable(v.string()), ''),
      leaseTransitions: v.optional(v.nullable(v.number()), 0),
    }),
    {},
  ),
});

function viewOf(object: unknown): LeaseView {
  const { metadata, spec } = v.parse(schema, object);
  return { version: metadata.resourceVersion, holder: spec.holderIdentity ?? '', epoch: spec.leaseTransitions ?? 0 };
}

/** MicroTime: six digits after the point. */
const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

/** @param life milliseconds, as others are told it. All rejections are KubernetesErrors */
export function createLease(
  client: KubernetesClient,
  namespace: string,
  name: string,
  life: number,
  now: () => number,
): Lease {
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const path = `${collection}/${name}`;
  let acquired = { epoch: -1, at: '' };

  return {
    async read(limit) {
      try {
        return viewOf((await client.call({ method: 'GET', path, limit })).body);
      } catch (error) {
        if (isStatus(error, 404)) return null;
        throw error;
      }
    },
    async write(before, { holder, epoch }, limit) {
      const renewTime = microTime(now());
      if (acquired.epoch !== epoch) acquired = { epoch, at: renewTime };
      const spec = {
        holderIdentity: holder,
        leaseDurationSeconds: Math.max(1, Math.round(life / 1000)),
        acquireTime: acquired.at,
        renewTime,
        leaseTransitions: epoch,
      };
      const metadata = { name, resourceVersion: before?.version };
      const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
      try {
        const call =
          before === null ? ({ method: 'POST', path: collection } as const) : ({ method: 'PUT', path } as const);
        return viewOf((await client.call({ ...call, body, limit })).body);
      } catch (error) {
        if (isStatus(error, 409) || (before !== null && isStatus(error, 404))) return null;
        throw error;
      }
    },
  };
}
