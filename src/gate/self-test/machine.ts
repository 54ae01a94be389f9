// What is around a cell on one machine: the machine itself by the addresses of its bridges, whatever else listens there,
// and what stands in the runners' network. Asked of the engine each time, since networks are made anew.

import { isIP } from 'node:net';
import type { Engine } from '../cells/docker/engine.ts';
import { type Attempt, type Surroundings, ownAddresses } from './attempts.ts';

export interface MachineOptions {
  readonly engine: Pick<Engine, 'network'>;
  /** Name of the network of whoever tries. */
  readonly network: string;
  /** Name of the runners' network, for a cell. */
  readonly runners?: string | undefined;
  /** Ports of the gate. */
  readonly ports: readonly number[];
}

/** Where an engine, a shell, a registry or a web server usually listens. */
const common = [22, 80, 443, 2375, 2376, 5000, 8080] as const;
const dangerous = [22, 2375, 2376] as const;
/** Where a proxy usually listens. */
const proxies = [3128, 8080] as const;
const most = 4;

const plain = (address: string | undefined): readonly string[] => {
  const [host = ''] = (address ?? '').split('/');
  return isIP(host) === 0 ? [] : [host];
};

const each = (what: Attempt['what'], hosts: readonly string[], ports: readonly number[]): readonly Attempt[] =>
  [...new Set(hosts)]
    .slice(0, most)
    .flatMap((host) => [...new Set(ports)].map((port) => ({ what, host, port }) as const));

export function machineSurroundings({ engine, network, runners, ports }: MachineOptions): Surroundings {
  return async () => {
    const own = await engine.network(network);
    const gateways = (own.IPAM?.Config ?? []).flatMap(({ Gateway }) => plain(Gateway));
    const others = runners === undefined ? null : await engine.network(runners);
    const theirs = Object.entries(others?.Containers ?? {})
      // What stands in both networks was put there on purpose, as a proxy for both.
      .filter(([id]) => !Object.hasOwn(own.Containers ?? {}, id))
      .flatMap(([, { IPv4Address }]) => plain(IPv4Address));
    return [
      ...each('machine', gateways, common),
      ...each('gate', gateways, ports),
      ...each('machine', ownAddresses(), dangerous),
      ...each('gate', ownAddresses(), ports),
      ...each('runners', theirs, proxies),
    ];
  };
}
