// What a step asks for. The hook turns its hostile input into this; the gate decides on it.

import * as v from 'valibot';
import { parser } from './parse.ts';
import { hex32, oneOf, positive, printable, text } from './plain.ts';
import { strict } from './schema.ts';
import { texts } from './shape.ts';

/** The tasks there are. A step's text must equal one of these names; it is never executed (DESIGN.md, workflow's side). */
export const taskNames = ['drone build', 'drone promote', 'drone rollback'] as const;
export type TaskName = (typeof taskNames)[number];

/** Version of the calls between hook and gate. A gate also understands the one before it. */
export const protocolVersion = 1;

/** Parameter names as they may appear at all; which ones are allowed is the policy's business. */
export const paramName = /^[A-Z][A-Z0-9_]{0,63}$/;
// Longer than a name can be is refused here, another form by the decision, which can say what is allowed.
const shortName = (name: string): boolean => name.length <= 64;
const names = 'a name of at most 64 characters';

/** Body of `POST /v1/sessions/{s}/tasks`. `request`: 128 random bits made once a hook process; the same one re-attaches. */
export interface TaskRequest {
  readonly v: number;
  readonly request: string;
  readonly task: TaskName;
  readonly params: Readonly<Record<string, string>>;
  /** DRONE_BUILD: the number to promote or to roll back to. */
  readonly build?: number | undefined;
  /** DRONE_TARGET: where to. */
  readonly target?: string | undefined;
  /** The id token that GitHub signed for this session's challenge; absent when identity is asserted. */
  readonly token?: string | undefined;
  /** DRONE_TOKEN, used only where the policy takes it from the workflow. Secret. */
  readonly droneToken?: string | undefined;
  /** The runner's word, only where identity is asserted. */
  readonly claims?: Readonly<Record<string, string>> | undefined;
}

const assertedClaims = () => v.optional(texts({ isName: shortName, names, maxLength: 1024 }));
const idToken = () => v.optional(text(16_384));

/** @throws {Refusal} `input-*` */
export const parseTaskRequest = /* @__PURE__ */ parser<TaskRequest>('the task request', () =>
  strict({
    v: positive,
    request: hex32,
    task: oneOf(taskNames),
    params: texts({ isName: shortName, names, maxLength: 4096, maxEntries: 64 }),
    build: v.optional(positive),
    target: v.optional(text(256)),
    token: idToken(),
    droneToken: v.optional(printable(1024)),
    claims: assertedClaims(),
  }),
);

export type TaskPhase = 'waiting' | 'starting' | 'ordered' | 'building' | 'cancelling' | 'ended';
export const taskPhases = ['waiting', 'starting', 'ordered', 'building', 'cancelling', 'ended'] as const;

/** Answer of `POST …/tasks`. */
export interface TaskAnswer {
  readonly task: string;
  /** 1 for the job's first task. */
  readonly slot: number;
  readonly phase: TaskPhase;
}

/** @throws {Refusal} `input-*` */
export const parseTaskAnswer = /* @__PURE__ */ parser<TaskAnswer>("the gate's answer", () =>
  strict({ task: hex32, slot: positive, phase: oneOf(taskPhases) }),
);

/** Body of `POST /v1/tasks/{t}/proof`, after a `turn` event, and of `POST /v1/sessions/{s}/rehearsal`. */
export interface ProofRequest {
  readonly token?: string | undefined;
  readonly claims?: Readonly<Record<string, string>> | undefined;
}
const proof = () => strict({ token: idToken(), claims: assertedClaims() });
/** @throws {Refusal} `input-*` */
export const parseProofRequest = /* @__PURE__ */ parser<ProofRequest>('the proof', proof);
/** @throws {Refusal} `input-*` */
export const parseRehearsalRequest = /* @__PURE__ */ parser<ProofRequest>('the rehearsal', proof);
