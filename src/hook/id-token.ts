// GitHub's signature on who asks. The address comes from the hook's own environment, and still only GitHub's own host
// is believed: the request carries the job's token (THREATS.md finding 8 and section 4.1).

import { Failure } from '../protocol/errors.ts';
import { quote } from '../protocol/quote.ts';
import { answerTo } from './answer-to.ts';
import { deadline } from './deadline.ts';
import type { Hook } from './hook.ts';
import { whyNot } from './plain-file.ts';
import { throughProxy } from './proxy.ts';
import { readJson } from './read-json.ts';
import { refuse } from './refuse.ts';
import type { IdTokenSource } from './settings.ts';
import { sleep } from './sleep.ts';

/** @throws {Refusal} `id-token-host-not-allowed` */
function addressOf(text: string, audience: string, allowed: string): URL {
  const url = new URL(URL.canParse(text) ? text : 'none:');
  const { hostname, protocol } = url;
  // Plain HTTP only for a test issuer on this machine, by an address that the operator wrote.
  const loopback = hostname === allowed && /^(?:127\.[0-9.]+|\[::1\])$/.test(allowed);
  const inside = `.${hostname}`.endsWith(`.${allowed.replace(/^\./, '')}`);
  if (!(protocol === 'https:' ? inside : protocol === 'http:' && loopback) || url.username + url.password !== '')
    refuse(
      'id-token-host-not-allowed',
      `the id token's address is not GitHub's: ${quote(`${protocol}//${hostname}`)}`,
      `AIRLOCK_ID_TOKEN_HOST is ${quote(allowed)}`,
      'the operator sets the host',
    );
  url.search += `${url.search && '&'}audience=${encodeURIComponent(audience)}`;
  return url;
}

/** One try. @throws {Failure} in words that can be shown; of status 400 when another try cannot help */
async function once(url: URL, secret: string, { env, limits, over }: Hook): Promise<string> {
  const { end, signal } = deadline(over, limits.call);
  try {
    const headers = { authorization: `Bearer ${secret}`, 'user-agent': 'airlock' };
    const connection = await throughProxy(url, env, signal);
    const { request } = process.getBuiltinModule(url.protocol === 'http:' ? 'node:http' : 'node:https');
    const response = await answerTo(request(url, { headers, signal, ...connection }));
    const status = response.statusCode ?? 0;
    const answer = Object(await readJson(response, limits.document)) as { value?: unknown; message?: unknown };
    const token = String(answer.value);
    if (status === 200 && /^[\w-]+\.[\w-]+\.[\w-]{1,8192}$/.test(token)) return token;
    throw new Failure('id-token-failed', `the answer is ${status}, ${quote(String(answer.message), 200)}`, {
      status: status < 400 ? 400 : 500,
    });
  } finally {
    end();
  }
}

/**
 * An id token for exactly this audience. GitHub refuses as long as the job is not in progress by its own books, which
 * it is a moment after it began: so every refusal is asked again, for a while. Redirects are never followed.
 * @throws {Refusal} `id-token-host-not-allowed` @throws {Failure} `id-token-failed`, `hook-settings`
 */
export async function idToken(hook: Hook, from: IdTokenSource, audience: string): Promise<string> {
  const { limits, over, settings } = hook;
  const url = addressOf(from.url, audience, settings.idTokenHost);
  const deadline = performance.now() + limits.idToken;
  for (let ms = limits.retry; ; ms = Math.min(ms * 2, limits.retryMost)) {
    try {
      return await once(url, from.secret, hook);
    } catch (error) {
      const { code, message, status } = error as Failure;
      if (code === 'hook-settings') throw error;
      const why = code === 'id-token-failed' ? message : whyNot(error);
      if (status === 400 || performance.now() + ms > deadline)
        throw new Failure('id-token-failed', `GitHub signed no id token: ${why}`, { cause: error });
      await sleep(ms, over);
    }
  }
}
