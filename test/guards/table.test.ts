import { existsSync } from 'node:fs';
import { transform } from 'esbuild';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failureCodes, refusalCodes } from '../../src/protocol/codes.ts';
import { root, text } from '../support/tree.ts';
import { type Guard, fits } from './guard.ts';
import { without } from './switch-off.ts';
import { table } from './table/index.ts';

// The table against the sources as they are now, so that it does not rot between two runs of `npm run guards`.

/** Refusal codes that no guard can be for. */
const reasons: Readonly<Record<string, string>> = {
  'hook-too-old': 'no version is too old yet: versions begin at 1, and a gate understands the one before its own',
};

const name = ({ room, rule, file }: Guard): string => `${room}: ${rule} (${file})`;

/** What is wrong with each guard; nothing for the others. */
const problems = (of: (guard: Guard) => string | undefined): string[] =>
  table.flatMap((guard) => {
    const problem = of(guard);
    return problem === undefined ? [] : [`${name(guard)}: ${problem}`];
  });

describe('each guard', () => {
  it('finds its place in the sources exactly once, and changes it', () => {
    expect(
      problems((guard) => {
        if (!existsSync(join(root, guard.file))) return 'there is no such file';
        try {
          return without(text(guard.file), guard) === text(guard.file) ? 'nothing is changed' : undefined;
        } catch (error) {
          return (error as Error).message;
        }
      }),
    ).toEqual([]);
  });

  it('leaves TypeScript behind', async () => {
    const broken = await Promise.all(
      table.map(async (guard) => {
        const source = without(text(guard.file), guard);
        const failed = await transform(source, { loader: 'ts', logLevel: 'silent' }).then(
          () => false,
          () => true,
        );
        return failed ? [name(guard)] : [];
      }),
    );
    expect(broken.flat()).toEqual([]);
  });

  it('names test files that there are, and none that starts what was built', () => {
    expect(problems(({ tests }) => (tests.length === 0 ? 'it names no test' : undefined))).toEqual([]);
    const named = [...new Set(table.flatMap(({ tests }) => tests))];
    expect(named.filter((file) => !file.endsWith('.test.ts') || !existsSync(join(root, file)))).toEqual([]);
    expect(
      named.filter((file) => existsSync(join(root, file)) && /\bdist\b.*(?:hook|cell|cli)/.test(text(file))),
    ).toEqual([]);
  });

  it('names titles of tests that there are, where it names any', () => {
    expect(
      problems(({ only, tests }) =>
        only === undefined || tests.some((file) => existsSync(join(root, file)) && text(file).includes(only))
          ? undefined
          : `no test is called ${only}`,
      ),
    ).toEqual([]);
  });

  it('has a rule of its own, short enough for its line', () => {
    const seen = new Set<string>();
    expect(
      problems((guard) => {
        const { room, rule, file, find, replace } = guard;
        if (rule.length > 100) return `its rule has ${rule.length} characters`;
        if (/[a-z]\.$|\n/.test(rule)) return 'its rule ends with a full stop';
        const keys = [`${room} ${rule}`, JSON.stringify([file, find, replace])];
        const twice = keys.some((key) => seen.has(key));
        for (const key of keys) seen.add(key);
        return twice ? 'it stands there twice' : undefined;
      }),
    ).toEqual([]);
  });

  it('lies in its room', () => {
    const folders: Readonly<Record<string, string>> = { cells: 'src/gate/cells', images: 'images' };
    expect(
      problems(({ room, file }) =>
        file.startsWith(`${folders[room] ?? `src/${room}`}/`) ? undefined : 'it is elsewhere',
      ),
    ).toEqual([]);
  });

  it('has a code that there is, or none', () => {
    const codes: readonly string[] = [...refusalCodes, ...failureCodes];
    expect(problems(({ code }) => (code === undefined || codes.includes(code) ? undefined : code))).toEqual([]);
  });
});

describe('the table', () => {
  it('has a guard for every refusal code, or a reason why there is none', () => {
    const covered = new Set(table.map(({ code }) => code));
    expect(refusalCodes.filter((code) => !covered.has(code) && !Object.hasOwn(reasons, code))).toEqual([]);
    expect(Object.keys(reasons).filter((code) => covered.has(code))).toEqual([]);
  });

  it('is searched by rooms and by words of rule and code', () => {
    const guard: Guard = {
      room: 'gate',
      rule: 'a Drone has a Token',
      code: 'x-y',
      file: '',
      find: '',
      replace: '',
      tests: [],
    };
    const found = [['gate'], ['GATE', 'Drone has', 'X-Y'], [], ['token']].map((words) => fits(guard, words));
    expect(found).toEqual([true, true, true, true]);
    expect([['hook'], ['drone'], ['gate', 'no such word']].map((words) => fits(guard, words))).toEqual([
      false,
      false,
      false,
    ]);
  });
});
