import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, describe, expect, it } from 'vitest';
import { type ProjectCopy, projectCopy } from '../support/project-copy.ts';
import { plainEnv, run } from '../support/run.ts';
import { root } from '../support/tree.ts';
import type { Guard } from './guard.ts';
import { judge } from './outcome.ts';
import { without } from './switch-off.ts';

// The machinery on a project of three files. What it calls noticed must have been noticed, or the whole table means
// nothing.

const files = {
  'src/a.ts': 'export const limit = (n: number): number => Math.min(n, 10);\nexport const sign = "+";\n',
  'src/b.ts': 'export const word = (text: string): string => text.trim();\n',
  'test/both.test.ts': `import { expect, it } from 'vitest';
import { limit } from '../src/a.ts';
import { word } from '../src/b.ts';
it('limits', () => expect(limit(50)).toBe(10));
it('trims', () => expect(word(' x ')).toBe('x'));
`,
  'test/none.test.ts': "import { it } from 'vitest';\nit('passes', () => undefined);\n",
};
const guard = (rule: string, more: Partial<Guard>): Guard => ({
  room: 'gate',
  rule,
  file: 'src/a.ts',
  find: 'Math.min(n, 10)',
  replace: 'n',
  tests: ['test/both.test.ts'],
  ...more,
});
const trims = { file: 'src/b.ts', find: 'text.trim()', replace: 'text' };

let copy: ProjectCopy | undefined;
afterEach(() => copy?.remove());

async function guards(
  table: readonly Guard[],
  args: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
) {
  copy = projectCopy({ ...files, ...more });
  const temp = join(copy.path, 'dist/temp');
  const module = JSON.stringify(join(root, 'test/guards/run.ts'));
  const contents = `import { run } from ${module};\nprocess.exitCode = await run(${JSON.stringify(table)}, import.meta.url);`;
  const outfile = join(copy.path, 'dist/dev/guards.js');
  await build({
    stdin: { contents, resolveDir: root },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  });
  mkdirSync(temp);
  const env = { ...plainEnv(), TMPDIR: temp, AIRLOCK_GUARD_LIMIT_MS: '8000' };
  const { code, stdout, stderr } = await run(process.execPath, [outfile, ...args], {
    cwd: copy.path,
    env,
    limit: 100_000,
  });
  const left = readdirSync(temp).filter((name) => name.startsWith('airlock-guards-'));
  const lines = stdout.split('\n').filter((line) => line.startsWith('gate '));
  const closing = stdout.trim().split('\n').at(-1) ?? '';
  return { code, stderr, closing, left, lines: lines.map((line) => line.replace(/  +/g, ' | ')) };
}

describe('taking rules away', () => {
  it('tells what a test noticed from everything that says nothing of the rule', { timeout: 120_000 }, async () => {
    const { code, lines, closing, stderr } = await guards([
      guard('it is noticed', {}),
      guard('nobody looks', { find: '"+"', replace: '"-"', code: 'x-y' }),
      guard('it does not compile', { replace: '((' }),
      guard('its text is gone', { find: 'not there' }),
      guard('it hangs', { replace: '(() => { for (;;); })()' }),
      guard('it is noticed after that', trims),
      guard('no test of the name', { only: 'no such title' }),
      guard('the second file notices', {
        ...trims,
        find: 'text.trim()',
        replace: 'text ',
        tests: ['test/none.test.ts', 'test/both.test.ts'],
      }),
      guard('only the other test is run', { replace: 'n + 0', only: 'trims' }),
      guard('it does not load', { find: 'export const limit', replace: 'const limit' }),
    ]);
    expect(stderr).toBe('');
    expect(lines).toEqual([
      'gate | it is noticed | - | noticed by limits',
      'gate | nobody looks | x-y | NOT NOTICED: 2 tests passed',
      expect.stringMatching(/^gate \| it does not compile \| - \| NOT NOTICED: /),
      'gate | its text is gone | - | NOT NOTICED: src/a.ts: the text to find is not there',
      'gate | it hangs | - | NOT NOTICED: the run did not end within 8 s',
      'gate | it is noticed after that | - | noticed by trims',
      'gate | no test of the name | - | NOT NOTICED: no test ran',
      'gate | the second file notices | - | noticed by trims',
      'gate | only the other test is run | - | NOT NOTICED: 1 tests passed',
      expect.stringMatching(/^gate \| it does not load \| - \| (?:NOT NOTICED|noticed by limits)/),
    ]);
    expect(closing).toMatch(/^guards: 10 rules, [34] noticed, [67] not$/);
    expect(code).toBe(1);
  });

  it('gives each rule back before the next: what one test noticed fails no other', { timeout: 120_000 }, async () => {
    const { code, lines, closing, left } = await guards([
      guard('first', {}),
      guard('second', trims),
      guard('third', { find: '"+"', replace: '"-"', tests: ['test/both.test.ts'] }),
      guard('fourth', { find: '"+"', replace: '"*"', tests: ['test/both.test.ts'] }),
    ]);
    expect(lines).toEqual([
      'gate | first | - | noticed by limits',
      'gate | second | - | noticed by trims',
      'gate | third | - | NOT NOTICED: 2 tests passed',
      'gate | fourth | - | NOT NOTICED: 2 tests passed',
    ]);
    expect([closing, code]).toEqual(['guards: 4 rules, 2 noticed, 2 not', 1]);
    expect(left).toEqual([]);
    expect(readFileSync(join(copy?.path ?? '', 'src/a.ts'), 'utf8')).toBe(files['src/a.ts']);
  });

  it('ends with 0 when everything was noticed, and takes away only what is asked for', {
    timeout: 120_000,
  }, async () => {
    const table = [
      guard('first', { code: 'a-b' }),
      guard('second', { ...trims, code: 'c-d' }),
      guard('third', { find: '"+"' }),
    ];
    expect(await guards(table, ['GATE', 'c-d'])).toMatchObject({
      code: 0,
      lines: ['gate | second | c-d | noticed by trims'],
      closing: 'guards: 1 rules, 1 noticed, 0 not',
    });
    copy?.remove();
    expect(await guards(table, ['--list'])).toMatchObject({
      code: 0,
      lines: ['gate | first | a-b | src/a.ts', 'gate | second | c-d | src/b.ts', 'gate | third | - | src/a.ts'],
      closing: 'guards: 3 rules',
    });
    copy?.remove();
    expect(await guards(table, ['hook'])).toMatchObject({
      code: 1,
      stderr: 'guards: no rule has all of the words hook\n',
    });
  });

  it('does not begin while a named test fails by itself', { timeout: 120_000 }, async () => {
    const broken = "import { expect, it } from 'vitest';\nit('is red', () => expect(1).toBe(2));\n";
    const { code, stderr, lines, left } = await guards([guard('first', { tests: ['test/broken.test.ts'] })], [], {
      'test/broken.test.ts': broken,
    });
    expect([code, lines, left]).toEqual([1, [], []]);
    expect(stderr).toBe(
      'guards: a test fails although no rule was taken away: test/broken.test.ts: is red: expected 1 to be 2 // Object.is equality\n',
    );
  });
});

describe('a report', () => {
  const failed = (why: string) => ({ name: 'a test', why });

  it('of a test that failed has noticed', () => {
    expect(judge({ passed: 3, failed: [failed('expected 1 to be 2\nat x')], errors: [] })).toEqual({
      kind: 'failed',
      test: 'a test',
      why: 'expected 1 to be 2',
    });
  });

  it.each(['SyntaxError: x', 'Transform failed with 1 error', 'Failed to resolve import "x"', 'limit is not defined'])(
    'of a test that failed by %j has not',
    (why) => {
      expect(judge({ passed: 3, failed: [failed(why)], errors: [] })).toEqual({ kind: 'broken', why });
    },
  );

  it('of errors outside every test, and of no test, has not', () => {
    expect(judge({ passed: 3, failed: [], errors: ['broken'] })).toEqual({ kind: 'broken', why: 'broken' });
    expect(judge({ passed: 0, failed: [], errors: [] })).toEqual({ kind: 'broken', why: 'no test ran' });
    expect(judge({ passed: 3, failed: [], errors: [] })).toEqual({ kind: 'passed', count: 3 });
  });
});

describe('a text', () => {
  it('loses what is there once, and takes a replacement as it is', () => {
    expect(without('a(b)c', { find: '(b)', replace: "$&$'" })).toBe("a$&$'c");
    expect(() => without('abc', { find: 'x', replace: '' })).toThrow('is not there');
    expect(() => without('aaa', { find: 'aa', replace: '' })).toThrow('more than once');
  });
});
