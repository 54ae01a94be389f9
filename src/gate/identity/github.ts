// The job's identity: a token that GitHub signed for exactly this session's challenge (DESIGN.md, Identity; the list of
// attacks is THREATS.md section 4.3). A token is never echoed and never logged, only what is wrong with it.

import { type JWTPayload, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { type Claims, type IdentityPolicy, parseClaims } from '../../policy/index.ts';
import { Refusal } from '../../protocol/index.ts';
import type { Clock, Timing } from '../timing.ts';
import type { Challenges } from './challenge.ts';
import type { Keys } from './keys.ts';
import type { RunnerIdentity } from './runner.ts';

export interface Verifier {
  readonly identity: IdentityPolicy;
  readonly keys: Keys;
  readonly challenges: Challenges;
  readonly timing: Timing;
  readonly clock: Clock;
}

/** Header fields that name or carry a key or change how a token is read. GitHub sends none of them. */
const foreignHeaders = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc'];

export function tokenRefused(reason: string, cause?: unknown): Refusal {
  return new Refusal(
    {
      code: 'token-refused',
      rule: 'identity',
      message: `token refused: ${reason}`,
      fix: 'the job must send the id token that GitHub signs for it, with the audience of its own challenge, at once',
    },
    { cause },
  );
}

/** What jose found, without a byte of the token. */
function reasonOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) {
    if (error.reason === 'missing') return `${error.claim}: is missing`;
    if (error.reason === 'invalid') return `${error.claim}: is not of the right type`;
    const times = error.claim === 'iat' || error.claim === 'exp' || error.claim === 'nbf';
    return `${error.claim}: ${times ? 'is out of time' : 'is not as expected'}`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'alg: is not RS256';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'kid: names no key of the issuer';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature: does not verify';
  return 'not a signed token';
}

function checkHeader(token: string): void {
  const header: Record<string, unknown> = decodeProtectedHeader(token);
  if (typeof header['kid'] !== 'string') throw tokenRefused('kid: is missing');
  const foreign = foreignHeaders.find((name) => Object.hasOwn(header, name));
  if (foreign !== undefined) throw tokenRefused(`${foreign}: this header is not allowed`);
}

async function verifySignature(token: string, { identity, keys, timing, clock }: Verifier): Promise<JWTPayload> {
  try {
    checkHeader(token);
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['RS256'],
      typ: 'JWT',
      issuer: identity.issuer,
      maxTokenAge: timing.tokenAge / 1000,
      clockTolerance: timing.clockSkew / 1000,
      requiredClaims: ['iss', 'aud', 'iat', 'exp', 'jti'],
      currentDate: new Date(clock.now()),
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) throw tokenRefused(reasonOf(error), error);
    if (error instanceof TypeError) throw tokenRefused('not a signed token', error);
    throw error;
  }
}

/** The audience must be one plain string: jose also takes an array that holds ours. */
function challengeIn({ aud }: JWTPayload, { audience }: IdentityPolicy): string {
  if (typeof aud !== 'string' || !aud.startsWith(`${audience}/`))
    throw tokenRefused('aud: is not the audience of a challenge');
  return aud.slice(audience.length + 1);
}

/**
 * @throws {Refusal} `token-refused`, `challenge-stale`, or what `parseClaims` refuses
 * @throws {Failure} `gate-failed` when the issuer's keys cannot be read
 */
export async function verifyToken(
  token: string,
  session: string,
  runner: RunnerIdentity,
  by: Verifier,
): Promise<Claims> {
  const payload = await verifySignature(token, by);
  by.challenges.check(challengeIn(payload, by.identity), session, runner);
  if (typeof payload.jti !== 'string') throw tokenRefused('jti: is not text');
  return parseClaims(payload);
}
