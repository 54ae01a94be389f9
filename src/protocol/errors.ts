// What goes wrong is one of two things, and the difference is told to the author: a refusal is the policy (or the
// protocol) saying no, a failure is something that broke. Both carry a stable code (docs/codes.md).

import type { FailureCode, RefusalCode } from './codes.ts';

/** Base class of every error that airlock raises on purpose. `code` is stable, `message` is one line for a person. */
export abstract class AirlockError extends Error {
  abstract readonly code: string;
}

export interface RefusalDetails {
  readonly code: RefusalCode;
  /** What was refused, in one sentence; foreign text in it is already quoted. */
  readonly message: string;
  /** The rule or setting that says so, for example `container.options` or `limits.tasksPerJob`. */
  readonly rule: string;
  /** What the author or the operator can do about it. */
  readonly fix: string;
  /** HTTP status on the gate's calls; 403 unless the call itself was wrong (PROTOCOL.md, Calls). */
  readonly status?: number;
}

/** The policy or the protocol says no. Never shown as "something broke". */
export class Refusal extends AirlockError {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly rule: string;
  readonly fix: string;
  readonly status: number;

  constructor(details: RefusalDetails, options?: ErrorOptions) {
    super(details.message, options);
    this.code = details.code;
    this.rule = details.rule;
    this.fix = details.fix;
    this.status = details.status ?? 403;
  }
}

/** Something broke: the network, an engine, Drone, a disk. `cause` keeps the original for the operator's log. */
export class Failure extends AirlockError {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly status: number;

  constructor(code: FailureCode, message: string, options?: ErrorOptions & { readonly status?: number }) {
    super(message, options);
    this.code = code;
    this.status = options?.status ?? 500;
  }
}
