import { type Guard, guardsOf } from '../../guard.ts';

// The id token, and the proof that is made with it.

const token = 'test/hook/id-token.test.ts';
const step = 'test/hook/run-script-step.test.ts';

const idToken = guardsOf(
  'hook',
  'src/hook/id-token.ts',
  [token],
  [
    {
      rule: "the id token is asked of GitHub's host only",
      code: 'id-token-host-not-allowed',
      find: "!(protocol === 'https:' ? inside :",
      replace: "!(protocol === 'https:' ? true :",
    },
    {
      rule: "a host that only ends like GitHub's is not GitHub's",
      code: 'id-token-host-not-allowed',
      find: String.raw`.endsWith(${'`'}.${'$'}{allowed.replace(/^\./, '')}${'`'})`,
      replace: String.raw`.endsWith(allowed.replace(/^\./, ''))`,
    },
    {
      rule: 'the id token is asked over https',
      code: 'id-token-host-not-allowed',
      find: "protocol === 'http:' && loopback)",
      replace: "protocol === 'http:' && (loopback || inside))",
    },
    {
      rule: "the id token's address holds no user and no password",
      code: 'id-token-host-not-allowed',
      find: " || url.username + url.password !== '')",
      replace: ')',
    },
    {
      rule: 'a redirect of the id token is not followed',
      code: 'id-token-failed',
      find: String.raw`if (status === 200 && /^[\w-]+\.[\w-]+\.[\w-]{1,8192}$/.test(token)) return token;`,
      replace: String.raw`if (response.headers.location) return once(new URL(response.headers.location, url), secret, { env, limits, over } as Hook);
  if (status === 200 && /^[\w-]+\.[\w-]+\.[\w-]{1,8192}$/.test(token)) return token;`,
    },
    {
      rule: 'what has not the form of a token is none',
      code: 'id-token-failed',
      find: String.raw` && /^[\w-]+\.[\w-]+\.[\w-]{1,8192}$/.test(token)`,
      replace: '',
    },
    {
      rule: 'only the status 200 brings a token',
      code: 'id-token-failed',
      find: 'if (status === 200 && ',
      replace: 'if (status > 0 && ',
      tests: ['test/hook/guards.test.ts'],
    },
    {
      rule: 'an audience becomes no further parameter',
      find: 'encodeURIComponent(audience)',
      replace: 'audience',
      tests: [token, 'test/hook/prepare-job.test.ts'],
    },
    {
      rule: 'GitHub is asked for a bounded time',
      code: 'id-token-failed',
      find: 'performance.now() + ms > deadline',
      replace: 'performance.now() < 0',
    },
  ],
);

const proxy = guardsOf(
  'hook',
  'src/hook/proxy.ts',
  [token],
  [
    {
      rule: 'no_proxy exempts names with a dot before what it says',
      find: '`.${host}`.endsWith(`.${name}`)',
      replace: 'host.endsWith(name)',
    },
    {
      rule: 'a proxy that does not say 200 is no tunnel',
      code: 'id-token-failed',
      find: 'if (statusCode !== 200) reject',
      replace: 'if (statusCode === 0) reject',
    },
    {
      rule: 'only an http proxy is used',
      code: 'hook-settings',
      find: '!/^http:/i.test(whole) || ',
      replace: '',
    },
  ],
);

const prove = guardsOf(
  'hook',
  'src/hook/prove.ts',
  [step],
  [
    {
      rule: 'a stale challenge is asked for again three times at most',
      code: 'challenge-stale',
      find: 'if (!stale || tries >= hook.limits.challenges) throw error;',
      replace: 'if (!stale || tries >= 50) throw error;',
    },
    {
      rule: 'only a stale challenge is asked for again',
      find: 'if (!stale || tries >=',
      replace: 'if (tries >=',
      tests: ['test/hook/guards.test.ts'],
    },
  ],
);

const prepare = guardsOf(
  'hook',
  'src/hook/prepare-job.ts',
  ['test/hook/prepare-job.test.ts'],
  [
    {
      rule: 'a job that may not ask for an id token is told what to add',
      code: 'id-token-missing',
      find: "if (identity === 'github' && !settings.idToken) {",
      replace: "if (identity === 'github' && settings.temp === '') {",
    },
    {
      rule: 'a job that cannot be prepared closes its session',
      find: 'await ask(hook, `DELETE ${path}`, undefined, String, 0).catch(() => undefined);',
      replace: '',
    },
  ],
);

export const guards: readonly Guard[] = [...idToken, ...proxy, ...prove, ...prepare];
