// Drone's address. Drone routes from `/` only: under a path prefix every method gets its web page with 200 (recording
// 03), so a prefix is refused here instead of being sent to.

import { isIP } from 'node:net';
import { Refusal, quote } from '../protocol/index.ts';

export interface Server {
  readonly tls: boolean;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** For the Host header. */
  readonly authority: string;
  /** `https://drone.internal`, without a trailing slash. */
  readonly origin: string;
  /** For SNI; empty when the host is an IP address, which SNI cannot carry. */
  readonly servername: string;
}

function refuse(message: string): never {
  throw new Refusal({
    code: 'drone-url-not-accepted',
    message,
    rule: 'drones.*.server',
    fix: "the operator sets drones.*.server to Drone's own origin, for example https://drone.internal",
  });
}

/** @throws {Refusal} `drone-url-not-accepted` */
export function parseServer(text: string, what = "Drone's URL"): Server {
  if (!URL.canParse(text)) refuse(`${what} ${quote(text)} is not a URL`);
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') refuse(`${what} ${quote(text)} is neither http nor https`);
  if (url.username !== '' || url.password !== '') refuse(`${what} holds a user name or a password`);
  if (url.search !== '' || url.hash !== '') refuse(`${what} ${quote(text)} holds a query or a fragment`);
  if (url.pathname !== '/')
    refuse(`${what} ${quote(text)} has the path ${quote(url.pathname)}, and Drone answers its API only from the root`);
  const tls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    tls,
    host,
    port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
    authority: url.host,
    origin: url.origin,
    servername: isIP(host) === 0 ? host : '',
  };
}
