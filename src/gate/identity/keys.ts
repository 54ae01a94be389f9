// The issuer's public keys: from its discovery document on the same host, or from a file. Never from a token, whatever
// its header names (THREATS.md section 4.2). When they cannot be had, nobody is identified.

import { readFile } from 'node:fs/promises';
import { type CryptoKey, type FlattenedJWSInput, type JWSHeaderParameters, createLocalJWKSet, errors } from 'jose';
import * as v from 'valibot';
import type { IdentityPolicy } from '../../policy/index.ts';
import { Failure } from '../../protocol/index.ts';
import { within } from '../limit.ts';
import type { Clock, Timing } from '../timing.ts';
import { httpsGet } from './https-get.ts';
import { parseKeySet } from './key-set.ts';

export type Keys = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

const maxBytes = 262_144;
const discovery = v.object({ issuer: v.string(), jwks_uri: v.string() });

async function fetchKeySet(identity: IdentityPolicy, timeout: number): Promise<string> {
  const ca = identity.ca === undefined ? undefined : await readFile(identity.ca.file, 'utf8');
  const options = { ca, proxy: identity.proxy, timeout, maxBytes };
  const issuer = new URL(identity.issuer);
  const document = await httpsGet(
    new URL(`${identity.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`),
    options,
  );
  const { issuer: named, jwks_uri } = v.parse(discovery, JSON.parse(document));
  if (named !== identity.issuer)
    throw new Error(`the discovery document is of another issuer: ${JSON.stringify(named)}`);
  const url = new URL(jwks_uri);
  if (url.host !== issuer.host) throw new Error(`the key set is on another host: ${JSON.stringify(url.host)}`);
  return httpsGet(url, options);
}

async function readKeySet(file: string): Promise<string> {
  const bytes = await readFile(file);
  if (bytes.length > maxBytes) throw new Error(`${file} is larger than ${maxBytes} bytes`);
  return bytes.toString('utf8');
}

/**
 * Keys are fetched when needed, kept for `keysAge`, and fetched again for an unknown key id after `keysCooldown`; calls
 * that need them meanwhile share one fetch.
 */
export function createKeys(identity: IdentityPolicy, timing: Timing, clock: Clock): Keys {
  let current: { readonly resolve: ReturnType<typeof createLocalJWKSet>; readonly at: number } | null = null;
  let failed: { readonly error: Failure; readonly at: number } | null = null;
  let fetching: Promise<void> | null = null;

  async function fetchKeys(): Promise<void> {
    try {
      const { keys } = identity;
      const reading = keys === undefined ? fetchKeySet(identity, timing.keysFetch) : readKeySet(keys.file);
      const text = await within(reading, 3 * timing.keysFetch, () => {
        throw new Error('reading the keys took too long');
      });
      current = { resolve: createLocalJWKSet(parseKeySet(text)), at: clock.monotonic() };
      failed = null;
    } catch (cause) {
      const message = 'the keys that GitHub signs with cannot be read, so nobody can be identified; tell the operator';
      failed = { error: new Failure('gate-failed', message, { cause, status: 503 }), at: clock.monotonic() };
      throw failed.error;
    } finally {
      fetching = null;
    }
  }

  function renew(): Promise<void> {
    if (fetching === null && failed !== null && clock.monotonic() - failed.at < timing.keysRetry)
      return Promise.reject(failed.error);
    fetching ??= fetchKeys();
    return fetching;
  }

  const age = (): number => (current === null ? Infinity : clock.monotonic() - current.at);

  async function resolve(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    if (current === null) throw new Failure('gate-failed', 'there is no key set');
    return current.resolve(header, token);
  }

  return async (header, token) => {
    if (age() >= timing.keysAge) await renew();
    try {
      return await resolve(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || age() < timing.keysCooldown) throw error;
      await renew();
      return resolve(header, token);
    }
  };
}
