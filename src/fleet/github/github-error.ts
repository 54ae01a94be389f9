// What can go wrong between the gate and GitHub. The message is for the operator's log: it holds no token and no key.

import { quote } from '../../protocol/index.ts';

/**
 * `unreachable`: no whole answer. `limited`: GitHub wants fewer calls. `refused`: an answer with an error status.
 * `malformed`: an answer that is none. `credentials`: key or token file cannot be used.
 */
export type GitHubTrouble = 'unreachable' | 'limited' | 'refused' | 'malformed' | 'credentials';

export interface GitHubErrorDetails {
  readonly trouble: GitHubTrouble;
  /** Method and path. */
  readonly call: string;
  readonly detail: string;
  readonly status?: number | undefined;
  /** Milliseconds since the epoch: not before this may be asked again. */
  readonly until?: number | undefined;
}

export class GitHubError extends Error {
  override readonly name = 'GitHubError';
  readonly trouble: GitHubTrouble;
  readonly status: number | null;
  readonly until: number | null;

  constructor({ trouble, call, detail, status, until }: GitHubErrorDetails, options?: ErrorOptions) {
    super(`${call}: ${status ?? trouble} ${quote(detail, 400)}`, options);
    this.trouble = trouble;
    this.status = status ?? null;
    this.until = until ?? null;
  }
}
