import { type Guard, guardsOf } from '../../guard.ts';

// The issuer's keys, and where they come from.

const keysTest = 'test/gate/keys.test.ts';
const guarded = ['test/gate/guards-identity.test.ts'];

const keysRules = guardsOf(
  'gate',
  'src/gate/identity/keys.ts',
  [keysTest],
  [
    {
      rule: 'the discovery document is of the issuer itself',
      find: 'if (named !== identity.issuer)',
      replace: "if (named === '')",
      tests: guarded,
    },
    {
      rule: "the issuer's keys are on the issuer's host",
      find: 'if (url.host !== issuer.host)',
      replace: "if (url.host === '')",
      tests: guarded,
    },
    {
      rule: 'keys that are too old are not used when they cannot be renewed',
      find: 'if (age() >= timing.keysAge) await renew();',
      replace: 'if (age() >= timing.keysAge) await renew().catch((error) => { if (current === null) throw error; });',
    },
    {
      rule: 'a made-up key id does not fetch the keys each time',
      find: ' || age() < timing.keysCooldown) throw error;',
      replace: ') throw error;',
    },
    {
      rule: 'a failed fetch is not tried again at once',
      find: 'clock.monotonic() - failed.at < timing.keysRetry',
      replace: 'clock.monotonic() < failed.at',
      tests: guarded,
    },
    {
      rule: 'a file of keys is bounded',
      find: 'if (bytes.length > maxBytes)',
      replace: 'if (bytes.length > 1e9)',
      tests: guarded,
    },
  ],
);

const keySet = guardsOf(
  'gate',
  'src/gate/identity/key-set.ts',
  [keysTest],
  [
    { rule: 'only RSA keys verify', find: "kty === 'RSA' && ", replace: '', tests: guarded },
    {
      rule: 'only keys for signatures verify',
      find: "use === 'sig' && ",
      replace: '',
      only: 'keeps public RSA keys for RS256',
    },
    {
      rule: 'only keys for RS256 verify',
      find: "alg === 'RS256' && ",
      replace: '',
      only: 'keeps public RSA keys for RS256',
    },
    {
      rule: 'only keys with an id verify',
      find: 'kid !== undefined && ',
      replace: '',
      only: 'keeps public RSA keys for RS256',
    },
    {
      rule: 'nothing of a private key is kept',
      find: '[{ kty, kid, use, alg, n, e }]',
      replace: '[{ ...JSON.parse(text).keys.find((key: { kid?: string }) => key.kid === kid), use, alg }]',
      only: 'keeps public RSA keys for RS256',
    },
    {
      rule: 'a key set without a usable key is none',
      find: 'if (usable.length === 0)',
      replace: 'if (usable.length < 0)',
    },
  ],
);

const get = guardsOf('gate', 'src/gate/identity/https-get.ts', guarded, [
  {
    rule: 'keys are never fetched where a redirect leads',
    find: 'if (status !== 200)',
    replace: 'if (status === 500)',
  },
]);

const call = guardsOf(
  'gate',
  'src/gate/https-call.ts',
  [keysTest],
  [
    {
      rule: 'keys are fetched by https only',
      find: "if (url.protocol !== 'https:')",
      replace: "if (url.protocol === '')",
    },
    {
      rule: 'an answer with keys has no encoding',
      find: "if (response.headers['content-encoding'] !== undefined)",
      replace: "if (response.headers['content-encoding'] === '')",
      tests: guarded,
    },
    { rule: 'an answer with keys is bounded', find: 'if (size > max)', replace: 'if (size > 1e12)', tests: guarded },
    {
      rule: 'fetching keys has a limit in time',
      find: '  }, timeout);',
      replace: '  }, 60_000);',
      tests: guarded,
    },
    {
      rule: "the issuer's certificate is verified",
      find: '        agent: false,\n        ca,',
      replace: '        agent: false,\n        rejectUnauthorized: false,\n        ca,',
    },
  ],
);

export const guards: readonly Guard[] = [...keysRules, ...keySet, ...get, ...call];
