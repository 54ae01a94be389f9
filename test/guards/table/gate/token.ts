import { type Guard, guardsOf } from '../../guard.ts';

// The job's signed token and the challenge that it must answer.

const token = 'test/gate/token.test.ts';
const guarded = ['test/gate/guards-identity.test.ts'];
const refused = (rule: string, find: string, replace: string) => ({ rule, code: 'token-refused', find, replace });

const verify = guardsOf(
  'gate',
  'src/gate/identity/github.ts',
  [token],
  [
    refused(
      'a token is signed with RS256',
      "algorithms: ['RS256'],",
      "algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'HS256'],",
    ),
    refused('a token is of the type JWT', "typ: 'JWT',", ''),
    refused('a token is of the one issuer, exactly', 'issuer: identity.issuer,', ''),
    refused('a token is at most 60 s old', 'maxTokenAge: timing.tokenAge / 1000,', ''),
    refused(
      'clocks differ by 30 s at most',
      'clockTolerance: timing.clockSkew / 1000',
      'clockTolerance: timing.clockSkew',
    ),
    refused('a token says when it expires', "['iss', 'aud', 'iat', 'exp', 'jti']", "['iss', 'aud', 'iat', 'jti']"),
    refused('a token has an id', "['iss', 'aud', 'iat', 'exp', 'jti']", "['iss', 'aud', 'iat', 'exp']"),
    refused('a token names its key', "if (typeof header['kid'] !== 'string')", "if (header['kid'] === '')"),
    refused(
      'a token brings no key and no address of one',
      "['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc']",
      "['crit', 'b64', 'zip', 'enc']",
    ),
    {
      ...refused(
        'a token has no header that changes how it is read',
        "['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc']",
        "['jwk', 'jku', 'x5u', 'x5c']",
      ),
      tests: guarded,
    },
    refused(
      "a token's audience is one plain text",
      "typeof aud !== 'string' || !aud.startsWith(",
      '!String(aud).startsWith(',
    ),
    refused("a token's audience is this installation's", '!aud.startsWith(`${audience}/`)', "!aud.includes('/')"),
    refused("a token's id is a text", "if (typeof payload.jti !== 'string')", "if (payload.jti === '')"),
    {
      rule: 'a token is worth something only for the challenge of its session',
      code: 'challenge-stale',
      find: 'by.challenges.check(challengeIn(payload, by.identity), session, runner);',
      replace: 'challengeIn(payload, by.identity);',
    },
    {
      rule: 'no byte of a token stands in a refusal',
      find: "if (error instanceof TypeError) throw tokenRefused('not a signed token', error);",
      replace: 'if (error instanceof TypeError) throw tokenRefused(`not a signed token ${token}`, error);',
    },
  ],
);

const challenge = guardsOf(
  'gate',
  'src/gate/identity/challenge.ts',
  [token],
  [
    {
      rule: 'a challenge is of this process: the key is made anew at each start',
      code: 'challenge-stale',
      find: 'const key = randomBytes(32);',
      replace: 'const key = Buffer.alloc(32);',
      tests: guarded,
    },
    {
      rule: 'a challenge is of this session',
      code: 'challenge-stale',
      find: 'JSON.stringify([session, runner.id, expires])',
      replace: 'JSON.stringify([runner.id, expires])',
      tests: guarded,
    },
    {
      rule: 'a challenge is of this runner',
      code: 'challenge-stale',
      find: 'JSON.stringify([session, runner.id, expires])',
      replace: 'JSON.stringify([session, expires])',
      tests: guarded,
    },
    {
      rule: "a challenge's expiry is sealed",
      code: 'challenge-stale',
      find: 'JSON.stringify([session, runner.id, expires])',
      replace: 'JSON.stringify([session, runner.id])',
    },
    {
      rule: 'a challenge has its seal',
      code: 'challenge-stale',
      find: "if (!timingSafeEqual(Buffer.from(seen, 'base64url'), seal(expires, session, runner)))",
      replace: "if (!timingSafeEqual(Buffer.from(seen, 'base64url'), Buffer.from(seen, 'base64url')))",
    },
    {
      rule: 'a challenge expires',
      code: 'challenge-stale',
      find: 'if (clock.now() > expires * 1000)',
      replace: 'if (clock.now() > expires * 1e6)',
    },
  ],
);

const prover = guardsOf(
  'gate',
  'src/gate/identity/prover.ts',
  [token],
  [
    refused(
      "the runner's word beside a token is not accepted",
      'if (claims !== undefined) throw',
      'if (claims === null) throw',
    ),
    refused(
      'without a token nobody is identified, whatever the runner says',
      "if (token === undefined) throw tokenRefused('it is missing');",
      'if (token === undefined) return assertedClaims(claims ?? {});',
    ),
    {
      ...refused(
        'a gate that believes the runner takes no token',
        'if (token !== undefined || claims === undefined) throw',
        'if (claims === undefined) throw',
      ),
      tests: ['test/gate/sessions.test.ts'],
    },
  ],
);

export const guards: readonly Guard[] = [...verify, ...challenge, ...prover];
