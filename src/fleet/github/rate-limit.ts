// When GitHub wants to be left alone, by its own words (REST API, "Rate limits": retry-after first, then
// x-ratelimit-reset, then a minute).

import type { HttpsAnswer } from '../../gate/index.ts';

/** Without any word on how long. */
const unnamed = 60_000;
/** A primary limit is an hour's; nothing longer is believed, so that one answer cannot stop a fleet for ever. */
const most = 3_600_000;

function whole(value: string | string[] | undefined): number | null {
  return typeof value === 'string' && /^[0-9]{1,12}$/.test(value) ? Number(value) : null;
}

/**
 * @param now milliseconds since the epoch
 * @returns milliseconds since the epoch until which nothing may be asked; null: GitHub did not limit
 */
export function limitedUntil({ status, headers }: Pick<HttpsAnswer, 'status' | 'headers'>, now: number): number | null {
  const bounded = (until: number): number => Math.min(Math.max(until, now + 1_000), now + most);
  const refused = status === 403 || status === 429;
  const after = whole(headers['retry-after']);
  if (after !== null && (refused || status === 503)) return bounded(now + after * 1000);
  const reset = whole(headers['x-ratelimit-reset']);
  // Also with the last answer before the limit: the next call would only be refused.
  if (whole(headers['x-ratelimit-remaining']) === 0 && reset !== null && status !== 304) return bounded(reset * 1000);
  return status === 429 ? bounded(now + unnamed) : null;
}
