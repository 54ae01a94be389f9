// A JSON Web Key Set, taken apart and built anew: public RSA keys for RS256 with an id, and nothing else. So no
// symmetric key, no private key and no key for another purpose can ever verify a token.

import type { JSONWebKeySet } from 'jose';
import * as v from 'valibot';

const field = v.pipe(v.string(), v.maxLength(8192));
const schema = v.object({
  keys: v.pipe(
    v.array(
      v.object({
        kty: field,
        kid: v.optional(field),
        use: v.optional(field),
        alg: v.optional(field),
        n: v.optional(field),
        e: v.optional(field),
      }),
    ),
    v.maxLength(100),
  ),
});

/** @throws an error for the operator: no JSON, no key set, no usable key */
export function parseKeySet(text: string): JSONWebKeySet {
  const { keys } = v.parse(schema, JSON.parse(text));
  const usable = keys.flatMap(({ kty, kid, use = 'sig', alg = 'RS256', n, e }) =>
    kty === 'RSA' && use === 'sig' && alg === 'RS256' && kid !== undefined && n !== undefined && e !== undefined
      ? [{ kty, kid, use, alg, n, e }]
      : [],
  );
  if (usable.length === 0) throw new Error('the key set holds no RSA key for RS256 with an id');
  return { keys: usable };
}
