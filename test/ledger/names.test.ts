import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobKeyText } from '../../src/gate/ledger/key.ts';
import {
  bindingName,
  fileName,
  isJobText,
  isNameOf,
  parseFileName,
  parseTaskName,
  taskName,
} from '../../src/gate/ledger/files/names.ts';

const digits = fc.stringMatching(/^[0-9]{1,20}$/);
const job = fc
  .record({
    repositoryId: digits,
    runId: digits,
    runAttempt: digits,
    job: fc.oneof(fc.stringMatching(/^c[0-9]{1,20}$/), fc.stringMatching(/^r[0-9a-f]{32}$/)),
  })
  .map(jobKeyText);
const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

/** Of a file that every file system takes, wherever it is put, and whatever it makes of upper case. */
const harmless = /^[0-9a-z][0-9a-z.]{0,199}$/;

describe("a file's name", () => {
  it('is short and harmless for every job, slot and revision, and is read back', () => {
    fc.assert(
      fc.property(job, number, number, (text, slot, rev) => {
        const name = taskName(text, slot);
        expect(fileName(name, rev)).toMatch(harmless);
        expect(parseFileName(fileName(name, rev))).toEqual({ name, rev });
        expect(parseTaskName(name)).toEqual({ job: text, slot });
        expect(isNameOf('tasks', name)).toBe(true);
      }),
    );
  });

  it('is another for another job, slot or revision', () => {
    const place = fc.tuple(job, number, number);
    fc.assert(
      fc.property(place, place, ([j1, s1, r1], [j2, s2, r2]) => {
        const same = j1 === j2 && s1 === s2 && r1 === r2;
        expect(fileName(taskName(j1, s1), r1) === fileName(taskName(j2, s2), r2)).toBe(same);
      }),
    );
    const near = ['1.2.3.c4', '1.2.3.c41', '12.2.3.c4', '1.2.34.c4', '01.2.3.c4'].flatMap((text) =>
      [1, 11, 111].flatMap((slot) => [1, 11].map((rev) => fileName(taskName(text, slot), rev))),
    );
    expect(new Set(near).size).toBe(near.length);
  });

  it('of a binding is short and harmless whatever the runner is called, and another for another runner', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: 'binary' }), (runner) => {
        expect(bindingName(runner)).toMatch(/^[0-9a-f]{64}$/);
        expect(isNameOf('bindings', bindingName(runner))).toBe(true);
      }),
    );
    expect(new Set(['a', 'A', 'a/', 'a/b', '../a', '', '\u0000'].map(bindingName)).size).toBe(7);
  });

  it('is none that the ledger did not make', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const parsed = parseFileName(text);
        expect(parsed === null || fileName(parsed.name, parsed.rev) === text).toBe(true);
        const task = parseTaskName(text);
        expect(task === null || taskName(task.job, task.slot) === text).toBe(true);
      }),
    );
  });

  it.each([
    '',
    '.',
    '..',
    '1.2.3.c4',
    '1.2.3.c4.0',
    '1.2.3.c4.01',
    '1.2.3.d4.1',
    '1.2.c4.1',
    '../1.2.3.c4.1',
    '1.2.3.c4.1\n',
  ])('of a task is not %j', (name) => {
    expect(parseTaskName(name)).toBeNull();
    expect(isNameOf('tasks', name)).toBe(false);
  });

  it.each([
    '1.2.3',
    '1.2.3.c',
    '1.2.3.c4.5',
    '1.2.3.rF',
    `1.2.3.r${'F'.repeat(32)}`,
    'x.2.3.c4',
    `${'1'.repeat(21)}.2.3.c4`,
  ])('holds no job that is %j', (text) => {
    expect(isJobText(text)).toBe(false);
  });
});
