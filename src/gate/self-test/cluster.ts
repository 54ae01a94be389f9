// What is around a cell in a cluster: the API server, the node that the cell's own pod says it runs on, and the gate.

import { isIP } from 'node:net';
import * as v from 'valibot';
import type { KubernetesClient } from '../kubernetes/index.ts';
import { type Attempt, type Surroundings, ownAddresses } from './attempts.ts';

export interface ClusterOptions {
  readonly client: KubernetesClient;
  /** Of the cells. */
  readonly namespace: string;
  /** Ports of the gate. */
  readonly ports: readonly number[];
}

const limit = 10_000;
/** The kubelet's, with and without a question who asks, and a shell. */
const nodePorts = [10_250, 10_255, 22] as const;

const pod = v.object({ status: v.object({ hostIP: v.optional(v.string(), '') }) });

/** @throws {Error} the answer is no pod */
async function nodeOf({ client, namespace }: ClusterOptions, cell: string): Promise<readonly string[]> {
  const { body } = await client.call({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}/pods/cell-${cell}`,
    limit,
  });
  const { hostIP } = v.parse(pod, body).status;
  return isIP(hostIP) === 0 ? [] : [hostIP];
}

export function clusterSurroundings(options: ClusterOptions): Surroundings {
  const { client, ports } = options;
  return async (cell) => {
    const api = new URL(client.access.server);
    const host = api.hostname.replace(/^\[|\]$/g, '');
    const nodes = await nodeOf(options, cell);
    const all = (what: Attempt['what'], hosts: readonly string[], at: readonly number[]): readonly Attempt[] =>
      hosts.slice(0, 4).flatMap((one) => at.map((port) => ({ what, host: one, port }) as const));
    return [
      ...(isIP(host) === 0 ? [] : all('api-server', [host], [Number(api.port) || 443])),
      ...all('node', nodes, nodePorts),
      ...all('gate', ownAddresses(), ports),
    ];
  };
}
