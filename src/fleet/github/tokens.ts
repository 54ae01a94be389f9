// The right to call: an App's installation token, renewed before it ends, or what stands in a file. Both live in memory
// only for as long as they are used.

import * as v from 'valibot';
import type { Clock } from '../../gate/index.ts';
import { readSecret, signAppToken } from './app-token.ts';
import { type Caller, messageIn, nameOf } from './call.ts';
import { GitHubError } from './github-error.ts';
import { type GitHubSettings, scopePath } from './settings.ts';

export interface Tokens {
  /** @throws {GitHubError} */
  token(): Promise<string>;
  /** GitHub did not take it. */
  forget(token: string): void;
}

const installation = v.object({ id: v.pipe(v.number(), v.integer()) });
const accessToken = v.object({
  token: v.pipe(v.string(), v.minLength(1)),
  expires_at: v.pipe(v.string(), v.isoTimestamp()),
});

/** An installation token lives for an hour; it is renewed this long before its end. */
const early = 300_000;

export function createTokens({ scope, credentials }: GitHubSettings, call: Caller, clock: Pick<Clock, 'now'>): Tokens {
  let current: { readonly token: string; readonly until: number } | null = null;
  let renewing: Promise<string> | null = null;
  let installed: number | null = null;

  async function ask<T>(
    method: 'GET' | 'POST',
    path: string,
    token: string,
    wanted: number,
    schema: v.GenericSchema<unknown, T>,
  ) {
    const { status, body } = await call({ method, path, token });
    const fail = (trouble: 'refused' | 'malformed', detail: string): GitHubError =>
      new GitHubError({ trouble, call: nameOf({ method, path }), detail, status });
    if (status !== wanted) throw fail('refused', messageIn(body));
    const read = v.safeParse(schema, body);
    if (!read.success) throw fail('malformed', read.issues[0].message);
    return read.output;
  }

  async function renew(app: string, key: string): Promise<string> {
    const proof = await signAppToken(app, key, clock.now());
    try {
      installed ??= (await ask('GET', `${scopePath(scope)}/installation`, proof, 200, installation)).id;
      const path = `/app/installations/${installed}/access_tokens`;
      const { token, expires_at } = await ask('POST', path, proof, 201, accessToken);
      current = { token, until: Date.parse(expires_at) - early };
      return token;
    } catch (error) {
      // Installed anew, it has another number.
      if (error instanceof GitHubError && error.status === 404) installed = null;
      throw error;
    }
  }

  return {
    async token() {
      if ('token' in credentials) return readSecret(credentials.token);
      if (current !== null && clock.now() < current.until) return current.token;
      renewing ??= renew(credentials.app, credentials.key).finally(() => {
        renewing = null;
      });
      return renewing;
    },
    forget(token) {
      if (current?.token === token) current = null;
    },
  };
}
