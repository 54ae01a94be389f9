import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type Schema, list, maybe, parseWith, read, rule, strict } from '../../src/protocol/index.ts';
import { answerOf } from './support/refusal.ts';

const even = rule<number>((value) => typeof value === 'number' && value % 2 === 0, 'an even number');
const answer = (schema: Schema<unknown>, value: unknown) => answerOf(() => parseWith(schema, value, 'the body'));
const not = (path: string, expected: string) => `input-wrong-type: the body: ${path} is not as expected (${expected})`;

describe('a list', () => {
  it('holds what each item becomes', () => {
    const items = [{ a: 2 }, { a: 4 }];
    const output = parseWith(list(strict({ a: even })), items, 'the body');
    expect(output).toEqual(items);
    expect(output).not.toBe(items);
    expect(output[0]).not.toBe(items[0]);
  });

  it.each([{}, { length: 0 }, 'x', null, 7])('is no %j', (value) => {
    expect(answer(list(even), value)).toBe(not('the document itself', 'Array'));
  });

  it('is refused for its first wrong item, by its place', () => {
    expect(answer(list(even), [2, 3, 'x'])).toBe(not('"1"', 'an even number'));
    expect(answer(strict({ a: list(strict({ b: even })) }), { a: [{ b: 2 }, { b: 1 }] })).toBe(
      not('"a.1.b"', 'an even number'),
    );
  });
});

describe('what the runner may leave out', () => {
  const schema = strict({ a: maybe(even, null), b: maybe(list(even), []) });

  it.each([{}, { a: null, b: null }, { a: undefined, b: undefined }])('%j stands for nothing', (value) => {
    expect(parseWith(schema, value, 'the body')).toEqual({ a: null, b: [] });
  });

  it('is another list each time', () => {
    const [one, other] = [parseWith(schema, {}, 'the body'), parseWith(schema, {}, 'the body')];
    expect(one.b).not.toBe(other.b);
  });

  it('is what it must be where it is there', () => {
    expect(parseWith(schema, { a: 2, b: [4] }, 'the body')).toEqual({ a: 2, b: [4] });
    expect(answer(schema, { a: false })).toBe(not('"a"', 'an even number'));
    expect(answer(schema, { b: '' })).toBe(not('"b"', 'Array'));
  });
});

describe('an object', () => {
  const inherited = ['constructor', 'toString', 'hasOwnProperty', '__defineGetter__'];

  it.each(inherited)('takes the field %s for unknown, although every object inherits it', (name) => {
    expect(answer(strict({}), { [name]: 1 })).toBe(`input-unknown-field: the body holds the unknown field "${name}"`);
  });

  it.each(inherited)('lacks the field %s, although every object inherits it', (name) => {
    const anything = rule<unknown>(() => true, 'anything');
    expect(answer(strict({ [name]: anything }), {})).toBe(`input-missing-field: the body lacks "${name}"`);
    expect(parseWith(strict({ [name]: anything }), { [name]: 1 }, 'the body')).toEqual({ [name]: 1 });
  });

  it('is another one than was read, and an unknown field may hold nothing', () => {
    const value = { a: 2 };
    expect(parseWith(strict({ a: even }), value, 'the body')).not.toBe(value);
    expect(answer(strict({ a: even }), { a: 2, b: undefined })).toBe(
      'input-unknown-field: the body holds the unknown field "b"',
    );
  });
});

describe('schemas of two makes', () => {
  it('hold each other, and tell the whole path', () => {
    const ours = strict({ theirs: v.strictObject({ ours: list(v.optional(even, 2)) }), left: v.optional(even) });
    expect(parseWith(ours, { theirs: { ours: [4, undefined] } }, 'the body')).toEqual({ theirs: { ours: [4, 2] } });
    expect(answer(ours, { theirs: { ours: [4, 5] } })).toBe(not('"theirs.ours.1"', 'an even number'));
    expect(answer(ours, { theirs: {} })).toBe('input-missing-field: the body lacks "theirs.ours"');
    expect(answer(ours, { theirs: { ours: [], more: 1 } })).toBe(
      'input-unknown-field: the body holds the unknown field "theirs.more"',
    );
    expect(answer(ours, { theirs: { ours: [] }, left: 1 })).toBe(not('"left"', 'an even number'));
  });

  it('may be narrowed by a check, and stand among others', () => {
    const small = v.pipe(
      strict({ a: even }),
      v.check(({ a }) => a < 10, 'a small one'),
    );
    expect(parseWith(small, { a: 2 }, 'the body')).toEqual({ a: 2 });
    expect(answer(small, { a: 12 })).toBe(not('the document itself', 'a small one'));
    expect(answer(small, { a: 1 })).toBe(not('"a"', 'an even number'));
    const either = v.union([small, list(even)]);
    expect(parseWith(either, [2], 'the body')).toEqual([2]);
    expect(v.safeParse(either, 'x').success).toBe(false);
  });

  it('tell every wrong field of theirs where valibot is asked for all', () => {
    const { issues = [] } = v.safeParse(v.strictObject({ a: strict({ b: even }), c: even }), { a: { b: 1 }, c: 3 });
    expect(issues.map((issue) => [v.getDotPath(issue), issue.message])).toEqual([
      ['a.b', 'an even number'],
      ['c', 'an even number'],
    ]);
  });
});

describe('reading', () => {
  it('says what came out, or what was wrong', () => {
    expect(read(even, 2)).toEqual({ success: true, output: 2 });
    expect(read(even, 3)).toMatchObject({ success: false, issues: [{ message: 'an even number' }] });
    expect(read(v.number(), 3)).toEqual({ success: true, output: 3 });
  });
});
