import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { annotationOf } from './support/job.ts';
import { world } from './support/world.ts';

const here = world();

describe('a document on stdin that is not what the runner sends', () => {
  const step = () => here.job.step();
  it.each<[string, () => unknown, string, string]>([
    ['nothing', () => '', 'input-not-json', 'not one JSON document'],
    ['two documents', () => '{}{}', 'input-not-json', 'not one JSON document'],
    ['null', () => 'null', 'input-wrong-type', ''],
    ['no command', () => ({}), 'input-missing-field', '"command"'],
    ['an unknown command', () => ({ ...step(), command: 'exec' }), 'input-unknown-command', '"exec"'],
    ['a command of another case', () => ({ ...step(), command: 'Prepare_Job' }), 'input-unknown-command', ''],
    ['an unknown field', () => ({ ...step(), more: 1 }), 'input-unknown-field', '"more"'],
    ['no response file', () => ({ ...step(), responseFile: undefined }), 'input-missing-field', '"responseFile"'],
    [
      'a wrong type',
      () => ({ ...step(), args: { ...step().args, entryPointArgs: 'x' } }),
      'input-wrong-type',
      '"args.entryPointArgs"',
    ],
    ['a key twice', () => '{"command":"cleanup_job","command":"prepare_job"}', 'input-duplicate-key', '"command"'],
    ['__proto__', () => '{"command":"cleanup_job","__proto__":{}}', 'input-forbidden-key', ''],
    ['a key in two cases', () => '{"command":"cleanup_job","Command":"x"}', 'input-case-variant-key', ''],
  ])('%s: refused with one line', async (_, input, code, text) => {
    const called = await here.job.call(input(), { keepResponse: true });
    expect(annotationOf(called)).toEqual([code, expect.stringContaining(text)]);
    expect(called.output.trimEnd().split('\n')).toHaveLength(1);
    expect(here.gate.calls).toEqual([]);
  });

  it('invalid UTF-8: refused', async () => {
    const stdin = Readable.from([Buffer.from('{"command":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(annotationOf(await here.job.call(null, { stdin }))[0]).toBe('input-not-utf8');
  });

  it('100 MiB: refused after the first', async () => {
    let given = 0;
    const chunks = function* () {
      for (; given < 100; given++) yield Buffer.alloc(1_048_576, ' ');
    };
    expect(annotationOf(await here.job.call(null, { stdin: Readable.from(chunks()) }))[0]).toBe('input-too-large');
    expect(given).toBeLessThan(30);
  });

  it('that never ends: a failure in time', async () => {
    const stdin = new Readable({ read: () => undefined });
    stdin.push('{');
    expect(annotationOf(await here.job.call(null, { stdin, limits: { stdin: 30 } }))).toEqual([
      'hook-error',
      "the runner's input did not end within 0.03 s.",
    ]);
  });

  it('anything: one annotation, exit code 1, no call to the gate', async () => {
    const json = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({
          command: fc.constantFrom('prepare_job', 'run_script_step', 'run_container_step', 'cleanup_job'),
          responseFile: fc.string(),
          args: fc.jsonValue(),
          state: fc.jsonValue(),
        })
        .map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(json, async (text) => {
        annotationOf(await here.job.call(text, { keepResponse: true }));
        expect(here.gate.calls).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
