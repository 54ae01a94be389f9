// One GET over https for the issuer's key set.

import { type HttpsWay, httpsCall } from '../https-call.ts';

/** @throws an error that says what went wrong, for the operator */
export async function httpsGet(url: URL, options: HttpsWay): Promise<string> {
  const { status, text } = await httpsCall(url, { ...options, method: 'GET' });
  if (status !== 200) throw new Error(`GET ${url.origin}${url.pathname}: it answered ${status}`);
  return text;
}
