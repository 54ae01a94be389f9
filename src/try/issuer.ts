// GitHub's part of the identity proof, played on loopback: signs id tokens with a key of its own for the jobs that it
// was told of. Only for `airlock try` and the tests; a gate trusts it because it is given this key set, never by address.

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JSONWebKeySet } from 'jose';

/** What is said of a job beyond the token's own iss, aud, iat, nbf, exp, jti and sub. */
export type JobClaims = Readonly<Record<string, string>>;

export interface IssuerOptions {
  /** The issuer's name in tokens; it need not be reachable. */
  readonly issuer: string;
}

/** What the runner would hand to a job that has `permissions: id-token: write`. */
export interface IdTokenRequest {
  readonly url: string;
  readonly token: string;
}

export interface Issuer {
  /** Host that `AIRLOCK_ID_TOKEN_HOST` has to name. */
  readonly host: string;
  readonly keys: JSONWebKeySet;
  /** Admits a job; the answer goes into its ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN. */
  admit(claims: JobClaims): IdTokenRequest;
  close(): Promise<void>;
}

const keyId = 'try-1';
/** Seconds: what GitHub's own tokens have (THREATS.md section 4.1). */
const life = 300;
const backdated = 600;

async function sign(key: CryptoKey, issuer: string, audience: string, claims: JobClaims): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    ...claims,
    jti: randomBytes(16).toString('hex'),
    sub: `repo:${claims['repository']}:ref:${claims['ref']}`,
  })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: keyId })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(now)
    .setNotBefore(now - backdated)
    .setExpirationTime(now + life)
    .sign(key);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

/** Starts the issuer on a free port of 127.0.0.1. */
export async function startIssuer(options: IssuerOptions): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jobs = new Map<string, JobClaims>();

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://issuer');
    const claims = jobs.get(/^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '');
    if (request.method !== 'GET' || url.pathname !== '/idtoken') return answer(response, 404, { message: 'Not Found' });
    if (claims === undefined) return answer(response, 401, { message: 'Unauthorized' });
    const audience = url.searchParams.get('audience') ?? `https://github.com/${claims['repository_owner']}`;
    answer(response, 200, { value: await sign(privateKey, options.issuer, audience, claims) });
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => answer(response, 500, { message: String(error) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    host: '127.0.0.1',
    keys: { keys: [{ ...(await exportJWK(publicKey)), alg: 'RS256', use: 'sig', kid: keyId }] },
    admit(claims) {
      const token = randomBytes(24).toString('hex');
      jobs.set(token, claims);
      return { url: `http://127.0.0.1:${port}/idtoken?api-version=2.0`, token };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
