import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConnectProxy, startProxy } from '../fakes/connect-proxy.ts';
import { type FakeIssuer, startIssuer, tokenNumber } from '../fakes/id-token.ts';
import { type Ended, run } from '../support/run.ts';
import { readAsRunner } from '../support/runner-parser.ts';
import { type Bundle, bundleHook } from './support/bundle.ts';
import { certificate } from './support/certificate.ts';
import { annotationOf } from './support/job.ts';
import { world } from './support/world.ts';

const here = world();
const prepare = (env: Record<string, string>) => here.job.call(here.job.prepare(), { env });

describe("the id token's address", () => {
  const suffix = '.actions.githubusercontent.com';
  it.each([
    ['https://pipelines.actions.githubusercontent.com.evil.example/x', suffix],
    ['https://evilactions.githubusercontent.com/x', suffix],
    ['https://actions.githubusercontent.com.:443/x', suffix],
    ['https://user:pass@pipelines.actions.githubusercontent.com/x', suffix],
    ['https://pipelines.actions.githubusercontent.com@evil.example/x', suffix],
    ['https://evil.example/#.actions.githubusercontent.com', suffix],
    ['https://evil.example\\.actions.githubusercontent.com/', suffix],
    ['http://pipelines.actions.githubusercontent.com/x', suffix],
    ['ftp://pipelines.actions.githubusercontent.com/x', suffix],
    ['file:///etc/passwd', suffix],
    ['pipelines.actions.githubusercontent.com', suffix],
    ['/x', suffix],
    ['http://ghes.example/x', 'ghes.example'],
    ['https://notghes.example/x', 'ghes.example'],
    ['http://127.0.0.1:1/x', suffix],
    ['http://127.0.0.1:1/x', '.0.0.1'],
    ['http://127.0.0.1:1/x', '127.0.0.2'],
    ['http://localhost:1/x', 'localhost'],
    ['http://10.0.0.1/x', '10.0.0.1'],
    ['http://[fe80::2]/x', 'fe80.example'],
  ])('%s is not at %s: refused before anything is sent', async (url, host) => {
    const called = await prepare({ ACTIONS_ID_TOKEN_REQUEST_URL: url, AIRLOCK_ID_TOKEN_HOST: host });
    const [code, text] = annotationOf(called);
    expect(code).toBe('id-token-host-not-allowed');
    expect(text).toContain(`Rule: AIRLOCK_ID_TOKEN_HOST is "${host}". To fix: the operator sets the host.`);
    expect(called.output).not.toContain('pass@');
  });

  it.each([
    [
      (issuer: FakeIssuer) => `http://127.0.0.1:${issuer.port}/a?b=c`,
      '/a?b=c&audience=https%3A%2F%2Fairlock.example%2Fc1',
    ],
    [
      (issuer: FakeIssuer) => `http://127.1:${issuer.port}/a#fragment`,
      '/a?audience=https%3A%2F%2Fairlock.example%2Fc1',
    ],
    [(issuer: FakeIssuer) => `HTTP://127.0.0.1:${issuer.port}?`, '/?audience=https%3A%2F%2Fairlock.example%2Fc1'],
  ])('gets the audience as one more parameter', async (url, asked) => {
    expect((await prepare({ ACTIONS_ID_TOKEN_REQUEST_URL: url(here.issuer) })).code).toBe(0);
    expect(here.issuer.requests[0]?.url).toBe(asked);
  });
});

describe('a test issuer on this machine', () => {
  it('is not asked through a proxy', async () => {
    const dead = 'http://127.0.0.1:1';
    expect((await prepare({ https_proxy: dead, http_proxy: dead, HTTPS_PROXY: dead })).code).toBe(0);
  });
});

describe("GitHub's answer", () => {
  it('may be a refusal for a moment, while the job is not in progress by its books', async () => {
    here.issuer.answer = (before) =>
      before < 3
        ? { status: [403, 404, 500][before] ?? 0, body: '{"message":"Job is not in progress"}' }
        : { status: 200, body: JSON.stringify({ value: tokenNumber(7) }) };
    expect((await prepare({})).code).toBe(0);
    expect(here.gate.calls.at(-1)?.body).toEqual({ token: tokenNumber(7) });
  });

  it('for too long is a failure, which tells its words and no secret', async () => {
    here.issuer.answer = () => ({ status: 403, body: '{"message":"Resource ##[error]not accessible"}' });
    const called = await prepare({});
    expect(annotationOf(called)).toEqual([
      'id-token-failed',
      'GitHub signed no id token: the answer is 403, "Resource #\\u0023[error]not accessible".',
    ]);
    expect(called.output).not.toContain('ghs_');
  });

  it.each([
    [
      'a redirect, which is never followed',
      { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } },
      'the answer is 302',
    ],
    ['no JSON', { status: 200, body: '<html>' }, 'the answer is 200'],
    ['no token', { status: 200, body: '{"value":null}' }, 'the answer is 200'],
    ['another kind of token', { status: 200, body: '{"value":"ghs_abc"}' }, 'the answer is 200'],
    ['a token with a line break', { status: 200, body: '{"value":"a.b.c\\n"}' }, 'the answer is 200'],
    ['null', { status: 200, body: 'null' }, 'the answer is 200'],
    ['too large', { status: 200, body: `{"value":"a.b.c","more":"${'x'.repeat(65_536)}"}` }, 'the answer is 200'],
  ])('that is %s is final', async (_, answer, text) => {
    here.issuer.answer = () => answer;
    expect(annotationOf(await prepare({}))).toEqual(['id-token-failed', expect.stringContaining(text)]);
    expect(here.issuer.requests).toHaveLength(1);
  });

  it('that never comes is a failure in time', async () => {
    await here.issuer.close();
    expect(annotationOf(await prepare({}))).toEqual(['id-token-failed', 'GitHub signed no id token: ECONNREFUSED.']);
  });
});

describe('with TLS, as the runner starts the hook', () => {
  const host = 'pipelines.actions.githubusercontent.com';
  let bundle: Bundle;
  let issuer: FakeIssuer;
  let proxy: ConnectProxy;
  let ca: string;

  beforeAll(async () => {
    bundle = await bundleHook({ idToken: 400, retry: 20 });
    const pair = await certificate(host, 'localhost');
    issuer = await startIssuer(pair);
    proxy = await startProxy();
    ca = pair.cert;
  });
  afterAll(async () => {
    bundle.remove();
    await Promise.all([issuer.close(), proxy.close()]);
  });

  /** The hook in a process of its own, with GitHub's own host and no setting for it. */
  async function start(env: Record<string, string>): Promise<Ended> {
    issuer.requests.length = proxy.requests.length = 0;
    proxy.status = 200;
    const { AIRLOCK_ID_TOKEN_HOST: _, ...own } = here.job.env;
    const input = here.job.prepare();
    here.job.put(input.responseFile, '');
    return run(process.execPath, [bundle.path], {
      env: {
        ...(own as Record<string, string>),
        ACTIONS_ID_TOKEN_REQUEST_URL: `https://${host}:${issuer.port}/idtoken?v=2`,
        NODE_EXTRA_CA_CERTS: here.job.put(`${here.job.home}/ca.pem`, ca),
        ...env,
      },
      input: JSON.stringify(input),
    });
  }
  const codesOf = ({ stdout }: Ended) => readAsRunner(stdout).commands.map(({ data }) => data);

  it.each([
    ['https_proxy', (port: number) => `http://127.0.0.1:${port}`, undefined],
    ['HTTPS_PROXY', (port: number) => `http://127.0.0.1:${port}/`, undefined],
    ['https_proxy', (port: number) => `127.0.0.1:${port}`, undefined],
    ['https_proxy', (port: number) => `http://us%40er:p%3Ass@127.0.0.1:${port}`, 'us@er:p:ss'],
  ])('goes through %s', async (name, value, login) => {
    const ended = await start({ [name]: value(proxy.port), NO_PROXY: 'other.example,.githubusercontent.org' });
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(proxy.requests).toEqual([
      {
        target: `${host}:${issuer.port}`,
        authorization: login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`,
      },
    ]);
    expect(issuer.requests.map(({ url }) => url)).toEqual(['/idtoken?v=2&audience=https%3A%2F%2Fairlock.example%2Fc1']);
    expect(issuer.requests[0]?.headers['proxy-authorization']).toBeUndefined();
    expect(issuer.requests[0]?.servername).toBe(host);
  });

  it.each(['localhost', '.localhost', '*', 'a, LOCALHOST', 'localhost:PORT'])(
    'no_proxy=%s keeps it away from the proxy',
    async (list) => {
      const ended = await start({
        AIRLOCK_ID_TOKEN_HOST: 'localhost',
        ACTIONS_ID_TOKEN_REQUEST_URL: `https://localhost:${issuer.port}/idtoken`,
        https_proxy: `http://127.0.0.1:${proxy.port}`,
        no_proxy: list.replace('PORT', String(issuer.port)),
      });
      expect([ended.code, ended.stderr]).toEqual([0, '']);
      expect([proxy.requests.length, issuer.requests.length]).toEqual([0, 1]);
    },
  );

  it.each(['notlocalhost', 'ocalhost', 'localhost:1', 'localhost.example', 'host'])(
    'no_proxy=%s does not',
    async (list) => {
      await start({
        AIRLOCK_ID_TOKEN_HOST: 'localhost',
        ACTIONS_ID_TOKEN_REQUEST_URL: `https://localhost:${issuer.port}/idtoken`,
        https_proxy: `http://127.0.0.1:${proxy.port}`,
        no_proxy: list,
      });
      expect(proxy.requests).toHaveLength(1);
    },
  );

  it('a certificate of no known authority is a failure', async () => {
    const ended = await start({ NODE_EXTRA_CA_CERTS: '', https_proxy: `http://127.0.0.1:${proxy.port}` });
    expect(ended.code).toBe(1);
    expect(codesOf(ended)).toEqual([
      '[airlock id-token-failed] GitHub signed no id token: DEPTH_ZERO_SELF_SIGNED_CERT.',
    ]);
    expect(issuer.requests).toEqual([]);
  });

  it('a certificate for another host is a failure', async () => {
    const ended = await start({
      AIRLOCK_ID_TOKEN_HOST: 'ghes.example',
      ACTIONS_ID_TOKEN_REQUEST_URL: `https://ghes.example:${issuer.port}/idtoken`,
      https_proxy: `http://127.0.0.1:${proxy.port}`,
    });
    expect(codesOf(ended)).toEqual([
      '[airlock id-token-failed] GitHub signed no id token: ERR_TLS_CERT_ALTNAME_INVALID.',
    ]);
  });

  it('a proxy that says no is a failure, and its credentials stay secret', async () => {
    const started = start({ https_proxy: `http://user:hunter2@127.0.0.1:${proxy.port}` });
    proxy.status = 407;
    const ended = await started;
    expect(codesOf(ended)).toEqual(['[airlock id-token-failed] GitHub signed no id token: the proxy answered 407.']);
    expect(ended.stdout + ended.stderr).not.toMatch(/hunter2|dXNlcjpodW50ZXIy/);
  });

  it.each(['socks5://127.0.0.1:1', 'http://', 'https://127.0.0.1:1', 'http://user:hunter2@ bad'])(
    'https_proxy=%s is a failure that names the variable',
    async (value) => {
      const ended = await start({ https_proxy: value });
      expect(codesOf(ended)).toEqual([
        "[airlock hook-settings] https_proxy in the runner's own environment must be http://host:port.",
      ]);
      expect(ended.stdout).not.toContain('hunter2');
    },
  );
});
