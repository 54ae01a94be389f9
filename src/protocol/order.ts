// What the gate tells a cell: concrete, complete, validated. One JSON line on stdin; the Drone token travels only here
// (DESIGN.md, The cell). Further lines steer it.

import * as v from 'valibot';
import { type OldBuild, type Wanted, chosenBuild, wanted } from './old-build.ts';
import { type Schema, parser } from './parse.ts';
import {
  addressString,
  commitString,
  count,
  hex32,
  nameString,
  oneOf,
  positive,
  printable,
  refString,
  repositoryString,
  text,
  textBy,
  whole,
} from './plain.ts';
import { type Probe, probeOf } from './probe.ts';
import { paramName } from './request.ts';
import { type LogLevel, logLevels } from './session.ts';
import { strict } from './schema.ts';
import { texts } from './shape.ts';

/** Version of orders and events. The script also understands the one before it and answers in it. */
export const orderVersion = 1;

export const orderKinds = ['build', 'promote', 'rollback', 'recover', 'probe'] as const;
export type OrderKind = (typeof orderKinds)[number];

/** What a recover order wants of the build that it finds: its log and result, or its end. */
export const recoverWishes = ['follow', 'cancel'] as const;
export type RecoverWish = (typeof recoverWishes)[number];

export interface OrderDrone {
  /** Base URL without a path: `https://drone.internal`. */
  readonly server: string;
  /** IP address to connect to in place of asking DNS. */
  readonly address?: string | undefined;
  /** PEM text of the certificate authorities that are trusted instead of the built-in ones. */
  readonly ca?: string | undefined;
  /** `http://host:port` of a CONNECT proxy. */
  readonly proxy?: string | undefined;
  /** Secret. */
  readonly token: string;
  /** Logins that the token may belong to; absent: any. */
  readonly logins?: readonly string[] | undefined;
  /** What the author may see in place of `server`; `hidden`: no address at all; absent: `server`. */
  readonly publicUrl?: string | undefined;
}

/** Every wait of a cell, in milliseconds, and sizes in bytes (DESIGN.md, Time budget). */
export interface OrderLimits {
  /** Connecting and answering of an ordinary call. */
  readonly call: number;
  /** The trigger's POST; Drone needs 45 s to say that .drone.yml is missing (recording 13). */
  readonly trigger: number;
  /** How long a build whose trigger had no answer may still appear in the list. */
  readonly lookup: number;
  /** How long Drone may leave the build pending. */
  readonly queue: number;
  /** How long a blocked build may wait for its approval. */
  readonly blocked: number;
  /** How long the build may run. */
  readonly run: number;
  /** How long a cancel is watched until it counts as lost. */
  readonly cancel: number;
  /** Between two looks at the build. */
  readonly poll: number;
  /** How long the cell stays after its result for a gate that comes back. */
  readonly reconnect: number;
  /** How long Drone may be unreachable while a build runs. */
  readonly lost: number;
  /** Bytes of log that are relayed; what is beyond is said and left out. */
  readonly logBytes: number;
}

/** What a lost build was made of. */
export interface LostPromotion {
  readonly event: 'promote' | 'rollback';
  readonly of: OldBuild;
}

export interface Order {
  readonly v: number;
  /** 32 lower hex. */
  readonly id: string;
  readonly kind: OrderKind;
  readonly drone: OrderDrone;
  /** Drone's repository, `owner/name`. */
  readonly repository: string;
  /** Full ref. */
  readonly ref?: string | undefined;
  /** Absent: the head of `ref` is built (trusted pipeline repository without a pin). */
  readonly commit?: string | undefined;
  /** Of a recover order: the build's number, if it is known. With `choose`: the build that was asked for, if one was. */
  readonly build?: number | undefined;
  readonly target?: string | undefined;
  /** Exactly with the kinds `promote` and `rollback`: which builds to report; the gate's line `go` tells the chosen one. */
  readonly choose?: Wanted | undefined;
  /** Of a recover order, where the lost build is a promotion or a rollback of this one. */
  readonly again?: LostPromotion | undefined;
  /** Of a recover order: number of the newest build before the lost one was asked for, if it is known. */
  readonly base?: number | undefined;
  /** 32 lower hex; travels as the parameter AIRLOCK_NONCE. */
  readonly nonce: string;
  /** All but AIRLOCK_NONCE. */
  readonly params: Readonly<Record<string, string>>;
  readonly expect?: { readonly steps: readonly string[] } | undefined;
  readonly log: LogLevel;
  /** Literals that are replaced in every log line. */
  readonly redact: readonly string[];
  /** The repository is built although it is disabled in Drone. */
  readonly disabled?: 'accepted' | undefined;
  readonly limits: OrderLimits;
  /** Exactly with the kind `recover`. */
  readonly then?: RecoverWish | undefined;
  /** Only with the kind `probe`: what is tried beside Drone. */
  readonly probe?: Probe | undefined;
}

const isBaseUrl = (url: string): boolean => /^https?:\/\/[A-Za-z0-9.[\]:-]+\/?$/.test(url) && URL.canParse(url);

/** The reserved parameter that makes a build recognisable as this task's. */
export const nonceParam = 'AIRLOCK_NONCE';

const drone = strict({
  server: textBy(isBaseUrl, 'an http or https URL without a path'),
  address: v.optional(addressString),
  ca: v.optional(text(524_288)),
  proxy: v.optional(textBy(isBaseUrl, 'an http or https URL without a path')),
  token: printable(1024, 1),
  logins: v.optional(v.array(text(256))),
  publicUrl: v.optional(printable(1024)),
});

const milliseconds = whole(1, 7 * 24 * 3_600_000);
const limits = strict({
  call: milliseconds,
  trigger: milliseconds,
  lookup: milliseconds,
  queue: milliseconds,
  blocked: milliseconds,
  run: milliseconds,
  cancel: milliseconds,
  poll: milliseconds,
  reconnect: milliseconds,
  lost: milliseconds,
  logBytes: count,
});

const orderEntries = strict({
  v: positive,
  id: hex32,
  kind: oneOf(orderKinds),
  drone,
  repository: repositoryString,
  ref: v.optional(refString),
  commit: v.optional(commitString),
  build: v.optional(positive),
  target: v.optional(nameString),
  choose: v.optional(wanted()),
  again: v.optional(strict({ event: oneOf(['promote', 'rollback']), of: chosenBuild() })),
  base: v.optional(count),
  nonce: hex32,
  params: texts({
    isName: (name) => paramName.test(name) && name !== nonceParam,
    names: `a parameter name other than ${nonceParam}`,
    maxLength: 4096,
  }),
  expect: v.optional(strict({ steps: v.array(text(300)) })),
  log: oneOf(logLevels),
  redact: v.array(text(4096)),
  disabled: v.optional(oneOf(['accepted'])),
  limits,
  then: v.optional(oneOf(recoverWishes)),
  probe: v.optional(probeOf()),
});

/** @throws {Refusal} `input-*` */
export const parseOrder = /* @__PURE__ */ parser<Order>('the order', () =>
  v.pipe(
    orderEntries,
    // Without a branch Drone builds the repository's default one.
    v.check((order) => order.kind !== 'build' || order.ref !== undefined, 'a ref where the kind is "build"'),
    v.check(
      (order) => (order.kind === 'recover') === (order.then !== undefined),
      '"then" exactly where the kind is "recover"',
    ),
    v.check(
      (order) => (order.kind === 'promote' || order.kind === 'rollback') === (order.choose !== undefined),
      '"choose" exactly where the kind is "promote" or "rollback"',
    ),
    v.check(
      (order) => order.kind === 'recover' || (order.again === undefined && order.base === undefined),
      '"again" and "base" only where the kind is "recover"',
    ),
    v.check((order) => order.kind === 'probe' || order.probe === undefined, '"probe" only where the kind is "probe"'),
    v.check(
      (order) => (order.choose ?? order.again) === undefined || order.target !== undefined,
      'a target where another build is promoted or rolled back to',
    ),
  ),
);

/**
 * A line to a cell that has its order. `go`: this build is promoted, the ledger says so; `resume`: repeat what comes after
 * these numbers; `end`: nobody needs you any more.
 */
export type CellLine =
  | { readonly go: OldBuild }
  | { readonly cancel: CancelReason }
  | { readonly resume: { readonly state: number; readonly log: number } }
  | { readonly end: true };

export const cancelReasons = ['author', 'operator', 'runner-lost', 'limit'] as const;
export type CancelReason = (typeof cancelReasons)[number];

/** @throws {Refusal} `input-*` */
export const parseCellLine = /* @__PURE__ */ parser<CellLine>('the line to the cell', () => {
  // No union: valibot would say of a union only that no member fits.
  const line = strict({
    cancel: v.optional(oneOf(cancelReasons)),
    resume: v.optional(strict({ state: count, log: count })),
    end: v.optional(oneOf([true])),
    go: v.optional(chosenBuild()),
  });
  const one = v.check((value: object) => Object.keys(value).length === 1, 'exactly one of cancel, resume, end and go');
  return v.pipe(line, one) as Schema<CellLine>;
});
