// The calls that open, prove and close a session: one job of one runner at the gate (PROTOCOL.md, Calls).

import { parser } from './parse.ts';
import { count, hex32, oneOf, positive, text } from './plain.ts';
import { rule, strict } from './schema.ts';

/** Body of `POST /v1/sessions`: the image that the job names; it is compared with the policy's `accept`, never used. */
export interface SessionRequest {
  readonly v: number;
  readonly image: string;
}
/** @throws {Refusal} `input-*` */
export const parseSessionRequest = /* @__PURE__ */ parser<SessionRequest>('the session request', () =>
  strict({ v: positive, image: text(1024) }),
);

export type IdentityMode = 'github' | 'asserted';

export interface SessionAnswer {
  /** 32 lower hex; no secret: every call is checked against the runner's own identity. */
  readonly session: string;
  readonly identity: IdentityMode;
  /** How long the hook tries to reach a gate again, in seconds, as the next one; fractions count. */
  readonly reconnect: number;
  /** How long the gate may be silent before the hook calls it lost. */
  readonly silent: number;
}
// Up to a week: a timer of more than 2^31 ms would fire at once.
const seconds = () =>
  rule<number>((s) => typeof s === 'number' && s >= 0 && s <= 604_800, 'a number of seconds from 0 to 604800');
/** What the hook also keeps as its state. */
export const sessionEntries = () => ({
  session: hex32,
  identity: oneOf(['github', 'asserted']),
  reconnect: seconds(),
  silent: seconds(),
});
/** @throws {Refusal} `input-*` */
export const parseSessionAnswer = /* @__PURE__ */ parser<SessionAnswer>("the gate's answer", () =>
  strict(sessionEntries()),
);

export interface ChallengeAnswer {
  /** The audience to ask GitHub for: `<identity.audience>/<challenge>`. */
  readonly audience: string;
  /** Unix seconds. */
  readonly expires: number;
}
/** @throws {Refusal} `input-*` */
export const parseChallengeAnswer = /* @__PURE__ */ parser<ChallengeAnswer>("the gate's answer", () =>
  strict({ audience: text(1024), expires: count }),
);

export const logLevels = ['full', 'tail', 'status'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface RehearsalAnswer {
  readonly log: LogLevel;
}
/** @throws {Refusal} `input-*` */
export const parseRehearsalAnswer = /* @__PURE__ */ parser<RehearsalAnswer>("the gate's answer", () =>
  strict({ log: oneOf(logLevels) }),
);

/** Body of calls that say nothing: `POST …/challenge`, `POST …/cancel`. */
export const parseEmpty = /* @__PURE__ */ parser<Record<string, never>>('the request', () => strict({}));
