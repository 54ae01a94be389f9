// A defect ends the gate at once, said in its log: it never goes on. In processes of their own, as the gate is one.

import { spawnSync } from 'node:child_process';
import { buildSync } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';

let script: string;
beforeAll(() => {
  const contents = `
    import { endOnCrash } from './src/cli/crash.ts';
    import { createLog } from './src/gate/log.ts';
    const takeBack = endOnCrash(createLog(process.argv[3]));
    ({
      throws: () => setTimeout(() => { throw new Error('boom'); }),
      rejects: () => void Promise.reject(new Error('boom')),
      nothing: () => void Promise.reject(undefined),
      emits: () => new (require('node:events').EventEmitter)().emit('error', new Error('boom')),
      well: () => undefined,
      after: () => { takeBack(); process.on('uncaughtException', () => undefined); setTimeout(() => { throw new Error('boom'); }); },
    })[process.argv[2]]();
    setTimeout(() => process.stdout.write('went on'), 50);
  `;
  const options = { bundle: true, write: false, platform: 'node', logLevel: 'silent' } as const;
  script = buildSync({ ...options, stdin: { contents, resolveDir: process.cwd(), loader: 'ts' } }).outputFiles[0]!.text;
});

function run(
  how: string,
  level = 'info',
  flags: readonly string[] = [],
): { status: number | null; out: string; log: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, '-', how, level], {
    input: script,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, out: stdout, log: stderr };
}

describe('a gate', () => {
  test.for([
    ['an exception', 'throws', 'uncaughtException'],
    ['an error event that nobody listens to', 'emits', 'uncaughtException'],
    ['a rejected promise', 'rejects', 'unhandledRejection'],
  ] as const)('that meets %s logs it as fatal and ends with 1', ([, how, origin]) => {
    const { status, out, log } = run(how);
    expect([status, out]).toEqual([1, '']);
    expect(JSON.parse(log)).toMatchObject({
      level: 60,
      origin,
      msg: 'the gate ends by a defect',
      err: { message: 'boom', stack: expect.stringContaining('boom') },
    });
  });

  test.for(['warn', 'none', 'strict', 'throw', 'warn-with-error-code'])(
    'ends also where Node is told --unhandled-rejections=%s',
    (mode) => {
      const { status, out } = run('rejects', 'info', [`--unhandled-rejections=${mode}`]);
      expect([status, out]).toEqual([1, '']);
    },
  );

  test('ends also without a word, and when the reason is nothing at all', () => {
    expect(run('throws', 'silent')).toEqual({ status: 1, out: '', log: '' });
    expect(run('nothing')).toMatchObject({ status: 1, out: '' });
  });

  test('that meets nothing goes on, and so does one that is not the process’s any more', () => {
    expect(run('well')).toEqual({ status: 0, out: 'went on', log: '' });
    expect(run('after')).toEqual({ status: 0, out: 'went on', log: '' });
  });
});
