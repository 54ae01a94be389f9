// One call of GitHub's REST API. While GitHub wants to be left alone, calls fail at once and nothing is sent.

import { readFile } from 'node:fs/promises';
import { type Clock, type HttpsAnswer, httpsCall } from '../../gate/index.ts';
import { GitHubError } from './github-error.ts';
import { limitedUntil } from './rate-limit.ts';
import { type GitHubSettings, apiOf } from './settings.ts';

export interface GitHubCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Built from settings, numbers and encoded names only. */
  readonly path: string;
  /** Goes into the Authorization header and nowhere else. */
  readonly token: string;
  readonly body?: object | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface GitHubAnswer {
  readonly status: number;
  /** Parsed JSON; null: an empty body. */
  readonly body: unknown;
}

/** Of any status below 500 that is no rate limit. @throws {GitHubError} */
export type Caller = (call: GitHubCall) => Promise<GitHubAnswer>;

/** A page of a hundred runners is about 60 kB. */
const maxBytes = 2_097_152;

export const nameOf = ({ method, path }: Pick<GitHubCall, 'method' | 'path'>): string => `${method} ${path}`;

export function messageIn(body: unknown): string {
  const known = typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string';
  return known ? (body.message as string) : '';
}

function parsed({ text, status }: HttpsAnswer, call: GitHubCall): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new GitHubError({ trouble: 'malformed', call: nameOf(call), detail: text.slice(0, 200), status }, { cause });
  }
}

/** @param timeout milliseconds for one call */
export function createCaller(settings: GitHubSettings, timeout: number, clock: Pick<Clock, 'now'>): Caller {
  const base = apiOf(settings.url);
  let held = 0;

  async function send(call: GitHubCall): Promise<HttpsAnswer> {
    const { method, path, token, body, signal } = call;
    try {
      const ca = settings.ca === undefined ? undefined : await readFile(settings.ca, 'utf8');
      return await httpsCall(new URL(`${base}${path}`), {
        method,
        headers: {
          accept: 'application/vnd.github+json',
          authorization: `Bearer ${token}`,
          'x-github-api-version': '2022-11-28',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
        ca,
        proxy: settings.proxy,
        timeout,
        maxBytes,
      });
    } catch (cause) {
      const detail = (cause as Error).message;
      throw new GitHubError({ trouble: 'unreachable', call: nameOf(call), detail }, { cause });
    }
  }

  return async (call) => {
    const limited = (status?: number): GitHubError =>
      new GitHubError({ trouble: 'limited', call: nameOf(call), detail: 'rate limit', status, until: held });
    if (clock.now() < held) throw limited();
    const answer = await send(call);
    const until = limitedUntil(answer, clock.now());
    if (until !== null) held = Math.max(held, until);
    const { status } = answer;
    if (until !== null && status >= 400) throw limited(status);
    // A page of HTML in front of a GitHub that is down.
    if (status >= 500)
      throw new GitHubError({ trouble: 'refused', call: nameOf(call), detail: 'its own trouble', status });
    return { status, body: parsed(answer, call) };
  };
}
