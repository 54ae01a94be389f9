// What can go wrong between the gate and the API server, by kind: the kind decides whether a call is tried again and
// which sentence is told; the server's own words are for the operator's log.

import { isObject, quote } from '../../protocol/index.ts';

/**
 * `no-credentials`: the service account's files cannot be read. `unreachable`: nobody took the connection. `untrusted`:
 * its certificate is not of the cluster's authority. `broken-off`: the connection ended in the middle of a call.
 * `stalled`: no whole answer in time. `malformed`: an answer that is none. `refused`: an answer with an error status.
 */
export type Trouble =
  | 'no-credentials'
  | 'unreachable'
  | 'untrusted'
  | 'broken-off'
  | 'stalled'
  | 'malformed'
  | 'refused';

/** What is used of a `Status` (meta/v1); an answer that is none has its text as `message`. */
export interface Status {
  readonly message: string;
  /** `AlreadyExists`, `Conflict`, `Forbidden`, …; empty: the server gave none. */
  readonly reason: string;
}

export interface KubernetesErrorDetails {
  readonly trouble: Trouble;
  /** Method and path, which hold nothing but constants, ids and settings. */
  readonly call: string;
  readonly detail: string;
  readonly status?: number;
  readonly reason?: string;
  /** Milliseconds after which the server wants to be asked again. */
  readonly retryAfter?: number | undefined;
}

export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  readonly trouble: Trouble;
  readonly status: number | null;
  readonly reason: string;
  /** The server's own words, as they came; never shown unquoted. */
  readonly detail: string;
  readonly retryAfter: number | null;

  constructor({ trouble, call, detail, status, reason, retryAfter }: KubernetesErrorDetails, options?: ErrorOptions) {
    super(`${call}: ${status ?? trouble} ${quote(detail, 400)}`, options);
    this.trouble = trouble;
    this.status = status ?? null;
    this.reason = reason ?? '';
    this.detail = detail;
    this.retryAfter = retryAfter ?? null;
  }
}

const maxDetail = 2_000;

/** Errors are `Status` objects, but not all: a refused attach is plain text (measured). */
export function statusIn(text: string): Status {
  try {
    const parsed = JSON.parse(text) as unknown;
    if (isObject(parsed) && typeof parsed['message'] === 'string') {
      const { message, reason } = parsed;
      return { message: message.slice(0, maxDetail), reason: typeof reason === 'string' ? reason : '' };
    }
  } catch {
    // Whatever it is, the operator sees its beginning.
  }
  return { message: text.trim().slice(0, maxDetail), reason: '' };
}

const notSent = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);
const certificate = /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH)/;

/** The kind of an error of the connection itself. */
export function troubleOf({ code = '' }: NodeJS.ErrnoException): Trouble {
  if (notSent.has(code)) return 'unreachable';
  if (certificate.test(code)) return 'untrusted';
  return code.startsWith('HPE_') ? 'malformed' : 'broken-off';
}

/**
 * No right, or not known at all. A server that has just started says so to everybody, until it has read who may do what
 * (measured).
 */
export const isRightless = (error: unknown): error is KubernetesError =>
  error instanceof KubernetesError &&
  (error.status === 401 || (error.status === 403 && error.detail.includes(' cannot ')));

export const isStatus = (error: unknown, status: number): boolean =>
  error instanceof KubernetesError && error.status === status;
