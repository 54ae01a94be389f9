// What the self-test looks at, from the configuration: for the gate and for `airlock doctor`.

import type { ClusterConfig, Config, MachineConfig } from '../config/index.ts';
import {
  type Engine,
  type KubernetesClient,
  type SelfTestOptions,
  type Surroundings,
  clusterSurroundings,
  machineSurroundings,
} from '../gate/index.ts';

const portOf = (listen: string | undefined): readonly number[] =>
  listen === undefined ? [] : [Number(listen.slice(listen.lastIndexOf(':') + 1))].filter((port) => port > 0);

/** Around a cell. */
export const aroundCells = ({ docker, fleet, listen }: MachineConfig, engine: Pick<Engine, 'network'>): Surroundings =>
  machineSurroundings({ engine, network: docker.network, runners: fleet?.network, ports: portOf(listen) });

/** Around a runner; null: the gate makes none. */
export const aroundRunners = (
  { fleet, listen }: MachineConfig,
  engine: Pick<Engine, 'network'>,
): Surroundings | null =>
  fleet === undefined ? null : machineSurroundings({ engine, network: fleet.network, ports: portOf(listen) });

export const aroundPods = ({ kubernetes, runners, listen }: ClusterConfig, client: KubernetesClient): Surroundings => {
  const ports = [...portOf(runners.listen), ...portOf(listen)];
  return clusterSurroundings({ client, namespace: kubernetes.namespace, ports });
};

/** undefined: a gate without a configuration tests nothing, since nothing could be accepted there. */
export const selfTestOf = ({ selfTest }: Config, surroundings: Surroundings): SelfTestOptions | undefined =>
  selfTest === null ? undefined : { surroundings, accept: selfTest?.accept ?? [] };

export const untested = 'the network of the cells is not tested: that takes a configuration file (--config)';
