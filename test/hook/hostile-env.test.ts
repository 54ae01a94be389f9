import { describe, expect, it } from 'vitest';
import { world } from './support/world.ts';

const here = world();

/** THREATS.md section 3, and what the hook itself reads from its own environment. */
const names = [
  ...'LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT LD_DEBUG_OUTPUT GCONV_PATH LOCPATH GLIBC_TUNABLES MALLOC_TRACE'.split(' '),
  ...'NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED NODE_USE_ENV_PROXY'.split(' '),
  ...'NODE_V8_COVERAGE NODE_REDIRECT_WARNINGS NODE_COMPILE_CACHE NODE_DEBUG NODE_ICU_DATA'.split(' '),
  ...'OPENSSL_CONF OPENSSL_MODULES SSL_CERT_FILE SSL_CERT_DIR SSLKEYLOGFILE'.split(' '),
  ...'ENV BASH_ENV SHELLOPTS BASHOPTS PS4 IFS CDPATH BASH_FUNC_curl%% PATH HOME'.split(' '),
  ...'CURL_HOME XDG_CONFIG_HOME CURL_CA_BUNDLE http_proxy https_proxy HTTPS_PROXY ALL_PROXY NO_PROXY'.split(' '),
  ...'HOSTALIASES LOCALDOMAIN RES_OPTIONS RESOLV_HOST_CONF DRONE_SERVER'.split(' '),
  ...'AIRLOCK_GATE AIRLOCK_GATE_CA AIRLOCK_RUNNER_TOKEN AIRLOCK_ID_TOKEN_HOST AIRLOCK_NONCE'.split(' '),
  ...'ACTIONS_ID_TOKEN_REQUEST_URL ACTIONS_ID_TOKEN_REQUEST_TOKEN RUNNER_TEMP GITHUB_OUTPUT'.split(' '),
  ...'GITHUB_STEP_SUMMARY GITHUB_REPOSITORY GITHUB_SHA GITHUB_REF CI GITHUB_ACTIONS constructor toString'.split(' '),
];
const hostile = Object.fromEntries(names.map((name) => [name, `/evil/witness-${name}`]));

describe("a workflow's environment", () => {
  it('has no effect on what the hook asks, reads, writes or prints', async () => {
    const plain = await here.job.call(here.job.step());
    const [calls, requests] = [here.gate.calls.splice(0), here.issuer.requests.splice(0)];
    const outputs = Object.keys(here.job.outputs());
    const called = await here.job.call(here.job.step('drone build', hostile));
    const without = (text: string) =>
      text
        .replace(/[0-9a-f]{32}/g, '')
        .replace(/c2ln\d/g, '')
        .replace(/, \d+ s$/gm, '');
    expect(called.code).toBe(0);
    expect(without(called.output)).toBe(without(plain.output));
    expect(without(JSON.stringify(here.gate.calls.map(({ name, path, body }) => [name, path, body])))).toBe(
      without(JSON.stringify(calls.map(({ name, path, body }) => [name, path, body]))),
    );
    expect(here.issuer.requests.map(({ url }) => url)).toEqual(requests.map(({ url }) => url));
    expect(Object.keys(here.job.outputs())).toEqual(outputs);
    expect(JSON.stringify([here.gate.calls, here.issuer.requests, called.output])).not.toContain('witness');
  });

  it.each(names)('%s is refused where it would be for the container', async (name) => {
    const { code, commands } = await here.job.call(here.job.prepare({ environmentVariables: { [name]: 'witness' } }));
    expect([code, commands[0]?.data]).toEqual([1, expect.stringContaining('[airlock container-env-not-allowed]')]);
    expect(here.gate.calls).toEqual([]);
  });
});
