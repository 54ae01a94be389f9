// A call that brought no answer of Drone's API. Before the trigger it is a refusal as it stands; for the trigger the
// one question is whether the request may have reached Drone (recording 25: 12 of 14 that hung up had made a build).

import { Refusal, type RefusalDetails, quote } from '../protocol/index.ts';

/**
 * `never`: the request was not sent. `elsewhere`: something answered that is not Drone's API (a redirect, a web page):
 * to ask again is of no use, but whether Drone saw the request before is not known. `maybe`: it was sent, and nobody
 * knows what became of it.
 */
export type Reached = 'never' | 'elsewhere' | 'maybe';

export class Unanswered extends Refusal {
  readonly reached: Reached;

  constructor(details: RefusalDetails, reached: Reached, options?: ErrorOptions) {
    super(details, options);
    this.reached = reached;
  }
}

const codeOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return '';
};

const words: ReadonlyMap<string, string> = new Map([
  ['ENOTFOUND', 'its name does not resolve'],
  ['EAI_AGAIN', 'the name server does not answer'],
  ['ECONNREFUSED', 'nothing listens there'],
  ['ECONNRESET', 'the connection was reset'],
  ['EPIPE', 'the connection was closed'],
  ['EHOSTUNREACH', 'there is no route to it'],
  ['ENETUNREACH', 'there is no route to it'],
  ['ETIMEDOUT', 'it does not answer'],
]);

/** No connection, a broken one, or none of Drone's words in time. */
export function unreachable(server: string, error: unknown, reached: Reached): Unanswered {
  const code = codeOf(error);
  const why = words.get(code) ?? (code === '' ? 'the connection failed' : `the connection failed with ${quote(code)}`);
  return new Unanswered(
    {
      code: 'drone-unreachable',
      message: `Drone at ${quote(server)} cannot be reached: ${why}`,
      rule: 'drones.*.server',
      fix: "the operator looks at Drone, at the cell's network, and at drones.*.server, address and proxy",
    },
    reached,
    { cause: error },
  );
}

/** `said`: a status of 5xx and Drone's own word. */
export const failing = (server: string, said: string): Unanswered =>
  new Unanswered(
    {
      code: 'drone-unreachable',
      message: `Drone at ${quote(server)} answers ${said}`,
      rule: 'drones.*.server',
      fix: 'the operator looks at Drone and at its log',
    },
    'maybe',
  );

export const timedOut = (server: string, ms: number, reached: Reached): Unanswered =>
  new Unanswered(
    {
      code: 'drone-unreachable',
      message: `Drone at ${quote(server)} did not answer within ${ms} ms`,
      rule: 'drones.*.server',
      fix: "the operator looks at Drone, at the cell's network, and at drones.*.server, address and proxy",
    },
    reached,
  );

export function proxyFailed(proxy: string, why: string, cause?: unknown): Unanswered {
  return new Unanswered(
    {
      code: 'drone-unreachable',
      message: `the proxy ${quote(proxy)} gives no way to Drone: ${why}`,
      rule: 'drones.*.proxy',
      fix: 'the operator looks at the proxy and at drones.*.proxy',
    },
    'never',
    { cause },
  );
}

/** A TLS handshake that failed; by then not one byte of the request was sent. */
export function tlsFailed(server: string, error: unknown): Unanswered {
  const code = codeOf(error);
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG' || code === 'EPROTO')
    return new Unanswered(
      {
        code: 'drone-url-not-accepted',
        message: `${quote(server)} is https, and what listens there does not speak TLS`,
        rule: 'drones.*.server',
        fix: 'the operator writes http:// in drones.*.server, or lets Drone serve https',
      },
      'never',
      { cause: error },
    );
  if (code === 'ECONNRESET' || code === 'ECONNREFUSED' || code === '') return unreachable(server, error, 'never');
  const why =
    code === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? 'its certificate is for another name'
      : code === 'CERT_HAS_EXPIRED'
        ? 'its certificate has expired'
        : `its certificate is not signed by a trusted authority (${quote(code)})`;
  return new Unanswered(
    {
      code: 'drone-tls-not-trusted',
      message: `Drone at ${quote(server)} is not trusted: ${why}`,
      rule: 'drones.*.ca',
      fix: "the operator names Drone's certificate authority in drones.*.ca, or corrects the certificate",
    },
    'never',
    { cause: error },
  );
}

/** A redirect is never followed: with 301 a POST becomes a GET, Drone's own 307 loses the query (recordings 66, 67). */
export const redirected = (server: string, location: string): Unanswered =>
  new Unanswered(
    {
      code: 'drone-redirected',
      message: `${quote(server)} redirects to ${quote(location.split('?')[0] ?? '')}, and a redirected trigger would build something else`,
      rule: 'drones.*.server',
      fix: "the operator sets drones.*.server to the address that answers itself, usually Drone's https address",
    },
    'elsewhere',
  );

/** A proxy's word on a request that Drone may have had: it waited too long, came too early, too often, or hung up. */
const undecided: ReadonlySet<number> = new Set([408, 425, 429, 499]);

/** Whether a status leaves open what became of the request. */
export const isUndecided = (status: number): boolean => status >= 500 || undecided.has(status);

/** An answer that is no JSON: another program, a wrong path, or a proxy's error page. */
export function notDrone(server: string, status: number, text: string): Unanswered {
  if (status === 400 && text.includes('HTTP request to an HTTPS server'))
    return new Unanswered(
      {
        code: 'drone-url-not-accepted',
        message: `${quote(server)} is http, and the port speaks https only`,
        rule: 'drones.*.server',
        fix: 'the operator writes https:// in drones.*.server',
      },
      'elsewhere',
    );
  if (isUndecided(status))
    return new Unanswered(
      {
        code: 'drone-unreachable',
        message: `something in front of Drone at ${quote(server)} answered ${status}`,
        rule: 'drones.*.server',
        fix: 'the operator looks at Drone and at the proxy before it',
      },
      'maybe',
    );
  return new Unanswered(
    {
      code: 'not-a-drone',
      message: `what answers at ${quote(server)} is not Drone's API: status ${status} and no JSON`,
      rule: 'drones.*.server',
      fix: "the operator sets drones.*.server to Drone's own origin, without a path",
    },
    'elsewhere',
  );
}

/** An answer that broke off or grew past its limit. */
export const unreadable = (server: string, why: string, cause?: unknown): Unanswered =>
  new Unanswered(
    {
      code: 'not-a-drone',
      message: `the answer of ${quote(server)} cannot be read: ${why}`,
      rule: 'drones.*.server',
      fix: 'the operator looks at Drone and at the proxy before it',
    },
    'maybe',
    { cause },
  );
