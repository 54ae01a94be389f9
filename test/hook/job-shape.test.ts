import { describe, expect, it } from 'vitest';
import { annotationOf } from './support/job.ts';
import { world } from './support/world.ts';

const here = world();
const mount = { userProvidedValue: '/:/h', sourceVolumePath: '/', targetVolumePath: '/h', readOnly: false };
const service = { image: 'postgres' };

describe('a job whose container is only a name', () => {
  it('is let through to the gate with that name', async () => {
    const called = await here.job.call(here.job.prepare({ image: 'airlock' }));
    expect(called.code).toBe(0);
    expect(here.gate.calls[0]?.body).toEqual({ v: 1, image: 'airlock' });
    expect(called.commands).toEqual([]);
  });

  it.each([
    ['empty options', { createOptions: '  ' }],
    ['system mounts, which are the runner’s', { systemMountVolumes: [mount] }],
    ['its home and a working directory', { environmentVariables: { HOME: '/github/home' }, workingDirectory: '/x' }],
    ['an empty entrypoint', { entryPoint: '', dockerfile: null, entryPointArgs: null }],
  ])('may have %s', async (_, container) => {
    expect((await here.job.call(here.job.prepare(container))).code).toBe(0);
  });
});

describe('a job is refused before the gate hears of it', () => {
  it.each([
    [
      {},
      { services: [service] },
      'services-not-allowed',
      'the job has services. Rule: services. To fix: remove `services:`.',
    ],
    [null, {}, 'container-missing', "the job's container is missing. Rule: container. To fix: add `container:` with"],
    [{ image: null }, {}, 'container-missing', 'is missing'],
    [{ image: '' }, {}, 'container-missing', 'is missing'],
    [{ image: ' \n' }, {}, 'container-missing', 'is missing'],
    [
      { createOptions: '--privileged' },
      {},
      'container-options-not-allowed',
      'has options. Rule: container.options. To fix: remove `options:` from `container:`.',
    ],
    [{ userMountVolumes: [mount] }, {}, 'container-volumes-not-allowed', 'has volumes. Rule: container.volumes.'],
    [{ portMappings: ['80'] }, {}, 'container-ports-not-allowed', 'has ports. Rule: container.ports.'],
    [
      { registry: { username: 'u', password: 'p' } },
      {},
      'container-credentials-not-allowed',
      'has credentials. Rule: container.credentials. To fix: remove `credentials:` from `container:`, and name no image on ghcr.io.',
    ],
    [
      { environmentVariables: { HOME: '/github/home', A: 'b' } },
      {},
      'container-env-not-allowed',
      'sets "A". Rule: container.env.',
    ],
    [{ entryPoint: '/bin/sh' }, {}, 'container-entrypoint-not-allowed', 'names a program'],
    [{ dockerfile: '/x/Dockerfile' }, {}, 'container-entrypoint-not-allowed', 'names a program'],
    [{ entryPointArgs: ['-c'] }, {}, 'container-entrypoint-not-allowed', 'names a program'],
  ])('%o %o', async (container, args, code, text) => {
    const called = await here.job.call(here.job.prepare(container, args));
    expect(annotationOf(called)).toEqual([code, expect.stringContaining(text)]);
    expect(called.response).toBe('');
    expect(here.gate.calls).toEqual([]);
  });

  it('by the first rule that is broken, in the documented order', async () => {
    const all = {
      createOptions: '-v /:/h',
      userMountVolumes: [mount],
      portMappings: ['80'],
      registry: { username: 'u', password: 'p' },
      environmentVariables: { A: 'b' },
      entryPoint: 'sh',
    };
    const repairs = [{ createOptions: null }, { userMountVolumes: [] }, { portMappings: [] }, { registry: null }];
    const codes: string[] = [];
    const next = async (container: object | null, args: object = {}) =>
      codes.push(annotationOf(await here.job.call(here.job.prepare(container, args)))[0]);
    await next(null, { services: [service] });
    await next({ ...all, image: '' });
    await next(all);
    let container: object = all;
    for (const repair of [...repairs, { environmentVariables: {} }]) {
      container = { ...container, ...repair };
      await next(container);
    }
    expect(codes).toEqual([
      'services-not-allowed',
      'container-missing',
      'container-options-not-allowed',
      'container-volumes-not-allowed',
      'container-ports-not-allowed',
      'container-credentials-not-allowed',
      'container-env-not-allowed',
      'container-entrypoint-not-allowed',
    ]);
  });

  it('without printing the password of a registry', async () => {
    const { output } = await here.job.call(here.job.prepare({ registry: { username: 'u', password: 'hunter2' } }));
    expect(output).not.toContain('hunter2');
  });
});

describe("the proxies that the runner adds to a container's environment", () => {
  const proxy = 'http://proxy.internal:3128';

  it('are accepted in both cases of letters when they are the runner’s own', async () => {
    const environmentVariables = {
      HTTP_PROXY: proxy,
      http_proxy: proxy,
      HTTPS_PROXY: proxy,
      https_proxy: proxy,
      NO_PROXY: 'a,b',
      no_proxy: 'a,b',
    };
    const env = { http_proxy: proxy, HTTPS_PROXY: proxy, no_proxy: 'a,b,127.0.0.1', NO_PROXY: 'a,b' };
    expect((await here.job.call(here.job.prepare({ environmentVariables }), { env })).code).toBe(0);
  });

  it.each([
    ['HTTPS_PROXY', 'http://evil.example', { HTTPS_PROXY: proxy }],
    ['https_proxy', proxy, {}],
    ['Https_Proxy', proxy, { HTTPS_PROXY: proxy, Https_Proxy: proxy }],
    ['ALL_PROXY', proxy, { ALL_PROXY: proxy }],
    ['HTTPS_PROXY', '', {}],
    ['HOME', '/root', { HOME: '/root' }],
    ['home', '/github/home', {}],
    ['__proto__x', '', {}],
    ['LD_PRELOAD', '/x.so', { LD_PRELOAD: '/x.so' }],
  ])('are refused otherwise: %s=%s', async (name, value, env) => {
    const called = await here.job.call(here.job.prepare({ environmentVariables: { [name]: value } }), { env });
    expect(annotationOf(called)).toEqual(['container-env-not-allowed', expect.stringContaining(`sets "${name}"`)]);
  });
});
