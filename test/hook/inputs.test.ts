import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputsOf } from '../../src/hook/inputs.ts';
import { Refusal } from '../../src/protocol/errors.ts';
import { annotationOf } from './support/job.ts';
import { world } from './support/world.ts';

const here = world();
const asked = () => here.gate.calls.find(({ name }) => name === 'POST tasks')?.body;

describe("a task's inputs", () => {
  it('are the variables of exact names, and nothing else reaches the gate', async () => {
    const called = await here.job.call(
      here.job.step('drone promote', {
        PARAM_ENVIRONMENT: 'staging',
        PARAM_V2_: '',
        PARAM_CONSTRUCTOR: 'x',
        DRONE_BUILD: '41',
        DRONE_TARGET: 'production',
        DRONE_TOKEN: 's3cret',
        DRONE_SERVER: 'http://evil.example',
        param_environment: 'x',
        Param_B: 'x',
        XPARAM_A: 'x',
        ' PARAM_A': 'x',
        drone_build: '1',
        DRONE_BUILD_NUMBER: '7',
        GITHUB_SHA: 'b'.repeat(40),
      }),
    );
    expect(called.code).toBe(0);
    const { request, ...rest } = asked() ?? {};
    expect(request).toMatch(/^[0-9a-f]{32}$/);
    expect(rest).toEqual({
      v: 1,
      task: 'drone promote',
      params: { ENVIRONMENT: 'staging', V2_: '', CONSTRUCTOR: 'x' },
      build: 41,
      target: 'production',
      droneToken: 's3cret',
      token: expect.any(String),
    });
    expect(called.output).not.toContain('s3cret');
  });

  it('are absent when they are not set; a secret that is not set is an empty text', async () => {
    await here.job.call(here.job.step('drone build', { DRONE_TOKEN: '' }));
    expect(Object.keys(asked() ?? {}).sort()).toEqual(['params', 'request', 'task', 'token', 'v']);
  });

  it.each(['', 'target', 'A-B', '1A', '_A', 'A B', 'É', 'A\n', `A${'B'.repeat(64)}`, '__proto__'])(
    'PARAM_%s names no parameter: refused',
    async (key) => {
      const [code, text] = annotationOf(await here.job.call(here.job.step('drone build', { [`PARAM_${key}`]: 'x' })));
      expect(code).toBe('param-not-allowed');
      expect(text).toContain('names no parameter. Rule: PARAM_<KEY>, KEY of A to Z, 0 to 9 and _, a letter first');
      expect(here.gate.calls).toEqual([]);
    },
  );

  it.each([
    ['PARAM_A', 'two\nlines', 4096],
    ['PARAM_A', 'two\rlines', 4096],
    ['PARAM_A', 'x\0', 4096],
    ['PARAM_A', 'x\ud800y', 4096],
    ['PARAM_A', 'x'.repeat(4097), 4096],
    ['DRONE_TARGET', 'production\n', 256],
    ['DRONE_TARGET', 'x'.repeat(257), 256],
    ['DRONE_TOKEN', 's3cret\n', 1024],
    ['DRONE_TOKEN', 's3cret ', 1024],
    ['DRONE_TOKEN', 's3crét', 1024],
    ['DRONE_TOKEN', 's3cret'.repeat(200), 1024],
  ])('%s with another value than one plain line is refused, without its value', async (name, value, most) => {
    const called = await here.job.call(here.job.step('drone build', { [name]: value }));
    expect(annotationOf(called)).toEqual([
      'param-value-not-allowed',
      `the value of "${name}" is not one plain line of at most ${most} characters. Rule: inputs. To fix: give it such a value.`,
    ]);
    expect(called.output).not.toContain('s3c');
    expect(here.gate.calls).toEqual([]);
  });

  it('may hold every other character', async () => {
    const value = `\t"';$(id) é ☃ 👩‍👩‍👧 \u2028`;
    expect((await here.job.call(here.job.step('drone build', { PARAM_A: value }))).code).toBe(0);
    expect(asked()?.['params']).toEqual({ A: value });
  });

  it.each(['', '0', '01', '-1', '+1', '1.0', '1e3', ' 1', '1 ', '0x1', '١', '1'.repeat(16), 'latest'])(
    'DRONE_BUILD=%j is no number of a build: refused',
    async (value) => {
      const [code, text] = annotationOf(await here.job.call(here.job.step('drone promote', { DRONE_BUILD: value })));
      expect(code).toBe('build-not-allowed');
      expect(text).toBe('DRONE_BUILD is no number. Rule: DRONE_BUILD. To fix: give it a number, or remove it.');
    },
  );

  it('fit into one call together', async () => {
    const large = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`PARAM_P${at}`, '☃'.repeat(4096)]));
    const called = await here.job.call(here.job.step('drone build', large));
    expect(annotationOf(called)[0]).toBe('params-too-large');
    expect(asked()).toBeUndefined();
  });

  it('are made of nothing but what was named, for any environment', () => {
    const name = fc.oneof(
      fc.string(),
      fc.string().map((rest) => `PARAM_${rest}`),
      fc.constantFrom('__proto__', 'DRONE_BUILD', 'DRONE_TOKEN'),
    );
    fc.assert(
      fc.property(fc.dictionary(name, fc.string(), { noNullPrototype: false }), (environment) => {
        try {
          const { params, ...rest } = inputsOf(environment);
          for (const [key, value] of Object.entries(params)) {
            expect(key).toMatch(/^[A-Z][A-Z0-9_]{0,63}$/);
            expect(value).toBe(environment[`PARAM_${key}`]);
            expect(value).not.toMatch(/[\0\r\n]/);
          }
          expect(['build', 'target', 'droneToken']).toEqual(expect.arrayContaining(Object.keys(rest)));
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
        }
      }),
    );
  });
});
