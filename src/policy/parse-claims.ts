// What a verified token says, typed. jose accepts a `repository` that is an array (measured, THREATS.md 4.3), so every
// claim is judged here: a type, a form, a length. The token itself never appears in a message.

import { Refusal } from '../protocol/index.ts';
import type { Claims } from './claims.ts';

const visibilities = ['public', 'private', 'internal'] as const;
type Visibility = (typeof visibilities)[number];
const isVisibility = (text: string): text is Visibility => (visibilities as readonly string[]).includes(text);

const identifier = /^[0-9]{1,20}$/;
const word = /^[a-z_]{1,64}$/;

function refuse(claim: string, what: string): never {
  throw new Refusal({
    code: 'token-refused',
    message: `token refused: ${claim}: ${what}`,
    rule: `identity: the claim ${claim}`,
    fix: 'let GitHub sign a token for this very job, and ask the operator whether the issuer is the right one',
  });
}

/** One claim as text: never a list, a number or a boolean, however a later comparison would take it. */
class Reader {
  readonly #claims: object;

  constructor(payload: unknown) {
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
      refuse('payload', 'is not an object');
    this.#claims = payload;
  }

  optional(claim: string, longest: number): string | undefined {
    if (!Object.hasOwn(this.#claims, claim)) return undefined;
    const value = (this.#claims as Record<string, unknown>)[claim];
    if (value === undefined) return undefined;
    if (typeof value !== 'string') return refuse(claim, 'is not text');
    if (value === '') return refuse(claim, 'is empty');
    if (value.length > longest) return refuse(claim, `is longer than ${longest} characters`);
    return value;
  }

  required(claim: string, longest: number): string {
    return this.optional(claim, longest) ?? refuse(claim, 'is missing');
  }

  identifier(claim: string): string {
    const value = this.required(claim, 20);
    return identifier.test(value) ? value : refuse(claim, 'is not a decimal number');
  }
}

function claimsOf(read: Reader, visibility: Visibility): Claims {
  const eventName = read.required('event_name', 64);
  if (!word.test(eventName)) refuse('event_name', 'is not an event');
  const refProtected = read.optional('ref_protected', 5) ?? 'false';
  if (refProtected !== 'true' && refProtected !== 'false') refuse('ref_protected', 'is neither true nor false');
  const checkRunId = read.optional('check_run_id', 20);
  if (checkRunId !== undefined) read.identifier('check_run_id');
  return {
    repository: read.required('repository', 256),
    repositoryId: read.identifier('repository_id'),
    visibility,
    ref: read.required('ref', 1024),
    refProtected: refProtected === 'true',
    sha: read.required('sha', 128),
    eventName,
    actor: read.required('actor', 256),
    runId: read.identifier('run_id'),
    runAttempt: read.identifier('run_attempt'),
    checkRunId,
    workflowRef: read.required('workflow_ref', 2048),
    jobWorkflowRef: read.optional('job_workflow_ref', 2048),
    environment: read.optional('environment', 256),
  };
}

function visibilityOf(text: string): Visibility {
  return isVisibility(text) ? text : refuse('repository_visibility', 'is none of public, private, internal');
}

function selfHosted(runner: string | undefined): void {
  if (runner === undefined) refuse('runner_environment', 'is missing');
  if (runner !== 'self-hosted')
    refuse('runner_environment', 'is not self-hosted: the token belongs to a job on another runner');
}

/**
 * The payload of a token whose signature, issuer, audience and times were verified. Claims that are not named here are
 * ignored. @throws {Refusal} `token-refused`, message `token refused: <claim>: …`
 */
export function parseClaims(payload: unknown): Claims {
  const read = new Reader(payload);
  selfHosted(read.optional('runner_environment', 64));
  return claimsOf(read, visibilityOf(read.required('repository_visibility', 16)));
}

/** The runner sets variables that have no value to empty text. */
const present = (record: unknown): unknown =>
  typeof record !== 'object' || record === null || Array.isArray(record)
    ? record
    : Object.fromEntries(Object.entries(record).filter(([, value]) => value !== ''));

/**
 * The runner's word in place of a token (`identity.mode: asserted`), by the names that a token has. A runner is not told
 * the visibility: unless it is said, the repository counts as public, and its log stays at `status`.
 * @throws {Refusal} `token-refused`
 */
export function assertedClaims(record: unknown): Claims {
  const read = new Reader(present(record));
  selfHosted(read.optional('runner_environment', 64) ?? 'self-hosted');
  return claimsOf(read, visibilityOf(read.optional('repository_visibility', 16) ?? 'public'));
}
