// What a probe order has a cell try, and what the cell found: the self-test of its own walls. Addresses come from the
// gate's constants, its engine and the operator's configuration; nothing is sent to whatever answers.

import * as v from 'valibot';
import type { Schema } from './parse.ts';
import { addressString, oneOf, positive, textBy, whole } from './plain.ts';
import { strict } from './schema.ts';

export interface Reach {
  /** IP address. */
  readonly host: string;
  readonly port: number;
  /** Through the order's own proxy, which has to let nothing through but Drone. */
  readonly by?: 'proxy' | undefined;
}

export interface Probe {
  readonly reach: readonly Reach[];
  /** Names that are looked up by DNS. */
  readonly names: readonly string[];
  /** Whether the order's token is tried too; there is none where each workflow brings its own. */
  readonly account: boolean;
}

/**
 * What a cell must not reach, by the words of the operator's configuration. `machine`: the machine that it runs on, by
 * Docker; `node`: the same in a cluster, its kubelet included; `names`: whoever answers DNS; `runners`: what stands in
 * the runners' network.
 */
export const probeTargets = [
  'machine',
  'node',
  'metadata',
  'internet',
  'names',
  'runners',
  'gate',
  'api-server',
] as const;
export type ProbeTarget = (typeof probeTargets)[number];

/**
 * `connected`: a connection was opened, or the name has an address; `refused`: somebody said no, be it a machine or a
 * firewall; `unreachable`: there is no way; `silent`: nobody said anything in time.
 */
export const findings = ['connected', 'refused', 'unreachable', 'silent'] as const;
export type Finding = (typeof findings)[number];

/** One finding for each attempt, in the order's own order. No cell with another order may say this. */
export interface ProbeEvent {
  readonly k: 'probe';
  readonly n: number;
  readonly reach: readonly Finding[];
  readonly names: readonly Finding[];
}

/** Attempts of one kind. */
export const maxAttempts = 64;

const upTo = <T>(item: Schema<T>): Schema<T[]> =>
  v.pipe(
    v.array(item),
    v.check(({ length }) => length <= maxAttempts, `at most ${maxAttempts}`),
  );

const isName = (text: string): boolean => /^[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?$/.test(text);

/* @__NO_SIDE_EFFECTS__ */
export const probeOf = (): Schema<Probe> =>
  strict({
    reach: upTo(strict({ host: addressString, port: whole(1, 65_535), by: v.optional(oneOf(['proxy'])) })),
    names: upTo(textBy(isName, 'a plain host name')),
    account: oneOf([true, false]),
  });

/* @__NO_SIDE_EFFECTS__ */
export const probeEvent = (): Schema<ProbeEvent> =>
  strict({ k: oneOf(['probe']), n: positive, reach: upTo(oneOf(findings)), names: upTo(oneOf(findings)) });
