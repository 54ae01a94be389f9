// What a cell must not reach, wherever it runs, and what the operator accepts of it.

import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { DronePolicy } from '../../policy/index.ts';
import type { Finding, ProbeTarget } from '../../protocol/index.ts';

export interface Attempt {
  readonly what: ProbeTarget;
  /** IP address; with `by: dns` a name, and the port means nothing. */
  readonly host: string;
  readonly port: number;
  readonly by?: 'proxy' | 'dns' | undefined;
}

export interface Tried extends Attempt {
  readonly found: Finding;
}

/** A risk that the operator takes knowingly. */
export interface Accepted {
  /** A target, or one port of it: `machine`, `machine:22`. */
  readonly what: string;
  readonly reason: string;
}

/** What is around a cell on this engine. @param cell its id */
export type Surroundings = (cell: string) => Promise<readonly Attempt[]>;

/** Of the great clouds; the last one is Alibaba's. */
const metadata = ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200'] as const;
const internet = [
  ['1.1.1.1', 443],
  ['8.8.8.8', 53],
  ['2606:4700:4700::1111', 443],
] as const;
const publicName = 'github.com';

const isAddress = (host: string): boolean => isIP(host.replace(/^\[|\]$/g, '')) !== 0;
const hostOf = (url: string): string => new URL(url).hostname;

/** Whether the way to this Drone begins with a question to DNS. */
const needsNames = ({ server, address, proxy }: DronePolicy): boolean =>
  (address === undefined && proxy === undefined && !isAddress(hostOf(server))) ||
  (proxy !== undefined && !isAddress(hostOf(proxy)));

/** Everywhere the same. */
export function everywhere(drones: Iterable<DronePolicy>): readonly Attempt[] {
  const all = [...drones];
  const proxied = all.some(({ proxy }) => proxy !== undefined);
  return [
    ...metadata.map((host) => ({ what: 'metadata', host, port: 80 }) as const),
    ...internet.map(([host, port]) => ({ what: 'internet', host, port }) as const),
    ...(proxied
      ? ([
          { what: 'internet', host: '1.1.1.1', port: 443, by: 'proxy' },
          { what: 'metadata', host: '169.254.169.254', port: 80, by: 'proxy' },
        ] as const)
      : []),
    // Whoever asks for names can also tell something by them.
    ...(all.some(needsNames) ? [] : [{ what: 'names', host: publicName, port: 53, by: 'dns' } as const]),
  ];
}

const defaultPort = (url: URL): number => Number(url.port) || (url.protocol === 'https:' ? 443 : 80);

/** Where cells have to come through: what is both the machine and Drone is no hole. */
export function isWanted({ host, port, by }: Attempt, drones: Iterable<DronePolicy>): boolean {
  if (by !== undefined) return false;
  return [...drones].some(({ server, address, proxy }) => {
    const url = new URL(proxy ?? server);
    const at = proxy === undefined && address !== undefined ? address : url.hostname.replace(/^\[|\]$/g, '');
    return at === host && defaultPort(url) === port;
  });
}

/** The gate's own, on networks that others may reach. */
export function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.flatMap(({ address, internal, scopeid = 0 }) => (internal || scopeid !== 0 ? [] : [address]));
}

/** As it is accepted: `machine:22`. */
export const nameOf = ({ what, port, by }: Attempt): string => (by === 'dns' ? what : `${what}:${port}`);

export function placeOf({ host, port, by }: Attempt): string {
  if (by === 'dns') return `the address of ${host}`;
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return by === 'proxy' ? `${place} through Drone's proxy` : place;
}

/** null: nobody said that this may be reached. */
export const acceptedBy = (attempt: Attempt, accept: readonly Accepted[]): Accepted | null =>
  accept.find(({ what }) => what === attempt.what || what === nameOf(attempt)) ?? null;

/** What was reached and may not be. */
export const opened = (tried: readonly Tried[], accept: readonly Accepted[]): readonly Tried[] =>
  tried.filter((one) => one.found === 'connected' && acceptedBy(one, accept) === null);
