// What can go wrong between the gate and the engine, by kind: the kind decides which sentence the author reads, the
// message is for the operator's log.

import { quote } from '../../../protocol/index.ts';

/**
 * `unreachable`: nobody listens. `forbidden`: the gate may not open the socket. `broken-off`: the engine went away in
 * the middle of a call. `stalled`: no whole answer in time. `malformed`: an answer that is none. `version`: no version
 * of the API in common. `refused`: an answer with an error status.
 */
export type Trouble = 'unreachable' | 'forbidden' | 'broken-off' | 'stalled' | 'malformed' | 'version' | 'refused';

export interface EngineErrorDetails {
  readonly trouble: Trouble;
  /** Method and path, which hold nothing but constants, ids and settings. */
  readonly call: string;
  readonly detail: string;
  /** Of an answer with an error status. */
  readonly status?: number;
}

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly trouble: Trouble;
  readonly status: number | null;
  /** What the engine said itself, as it came; never shown unquoted. */
  readonly detail: string;

  constructor({ trouble, call, detail, status }: EngineErrorDetails, options?: ErrorOptions) {
    super(`${call}: ${status ?? trouble} ${quote(detail, 400)}`, options);
    this.trouble = trouble;
    this.status = status ?? null;
    this.detail = detail;
  }
}

const forbidden = new Set(['EACCES', 'EPERM']);
const unreachable = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR']);

/** The kind of an error of the socket itself. */
export function troubleOf(error: NodeJS.ErrnoException): Trouble {
  const code = error.code ?? '';
  if (forbidden.has(code)) return 'forbidden';
  if (unreachable.has(code)) return 'unreachable';
  return code.startsWith('HPE_') ? 'malformed' : 'broken-off';
}
