import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { parseWith, parser, strict } from '../../src/protocol/index.ts';
import { answerOf, refusalOf } from './support/refusal.ts';

const item = v.strictObject({ name: v.string(), size: v.optional(v.number()) });
const schema = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^[a-z]+$/)),
  count: v.pipe(v.number(), v.integer(), v.maxValue(9)),
  kind: v.picklist(['a', 'b']),
  items: v.array(
    v.pipe(
      item,
      v.check(({ size }) => size !== 0),
    ),
  ),
  either: v.union([v.string(), v.number()]),
  never: v.optional(v.never()),
  host: v.optional(v.pipe(v.string(), v.ip())),
  table: v.optional(v.record(v.string(), v.number())),
});
const good = { id: 'x', count: 1, kind: 'a', items: [{ name: 'n' }], either: 1 };
const read = (changes: object) => () => parseWith(schema, { ...good, ...changes }, 'the body');

describe('a document that does not fit its schema', () => {
  it('is told from one that does', () => {
    expect(read({})()).toEqual(good);
  });

  it.each([
    ['an unknown field', { extra: 1 }, 'extra'],
    ['an unknown field below', { items: [{ name: 'n' }, { name: 'n', extra: 1 }] }, 'items.1.extra'],
    ['an unknown field of a hostile name', { 'a::b\r##[x]': 1 }, 'a:\\u003ab\\r#\\u0023[x]'],
  ])('for %s is refused as such', (_, changes, path) => {
    expect(answerOf(read(changes))).toBe(`input-unknown-field: the body holds the unknown field "${path}"`);
  });

  it.each([
    ['a missing field', { id: undefined }, 'id'],
    ['a missing field below', { items: [{}] }, 'items.0.name'],
    ['an undefined place of a list', { items: [undefined] }, 'items.0'],
    ['a missing field of several types', { either: undefined }, 'either'],
  ])('for %s is refused as such', (_, changes, path) => {
    expect(answerOf(read(changes))).toBe(`input-missing-field: the body lacks "${path}"`);
    expect(answerOf(() => parseWith(v.strictObject({ [path]: v.string() }), {}, 'the body'))).toBe(
      `input-missing-field: the body lacks "${path}"`,
    );
  });

  // Words of valibot where the schema has none, without the value that valibot would show.
  it.each([
    ['another type', { id: 7 }, '"id"', 'string'],
    ['null', { items: null }, '"items"', 'Array'],
    ['the text "undefined"', { count: 'undefined' }, '"count"', 'number'],
    ['another form', { id: 'HUNTER2' }, '"id"', '/^[a-z]+$/'],
    ['a fraction', { count: 0.4242 }, '"count"', 'integer'],
    ['too much', { count: 4242 }, '"count"', '<=9'],
    ['another word', { kind: 'HUNTER2' }, '"kind"', '"a" | "b"'],
    ['neither type', { either: ['HUNTER2'] }, '"either"', 'string | number'],
    ['a check without words', { items: [{ name: 'HUNTER2', size: 0 }] }, '"items.0"', 'check'],
    ['a field that is known and never allowed', { never: 'HUNTER2' }, '"never"', 'never'],
    ['no address', { host: 'HUNTER2' }, '"host"', 'ip'],
    ['a wrong value of a table', { table: { key: 'HUNTER2' } }, '"table.key"', 'number'],
  ])('for %s is refused with its path and what was expected, never with the value', (_, changes, path, expected) => {
    const { code, message, rule, fix, status } = refusalOf(read(changes));
    expect(code).toBe('input-wrong-type');
    expect(message).toBe(`the body: ${path} is not as expected (${expected})`);
    expect(rule + fix).not.toMatch(/HUNTER2|4242/);
    expect(status).toBe(400);
  });

  it.each([null, 'HUNTER2', 7, true])('is refused when it is %j and no object', (value) => {
    expect(answerOf(() => parseWith(schema, value, 'the body'))).toBe(
      'input-wrong-type: the body: the document itself is not as expected (Object)',
    );
    expect(answerOf(() => parseWith(schema, undefined, 'the body'))).toBe(
      'input-missing-field: the body lacks the document itself',
    );
  });

  it('is refused for the first thing that is wrong, in the order of the schema, unknown fields last', () => {
    expect(answerOf(read({ extra: 1, kind: 1, count: undefined }))).toBe('input-missing-field: the body lacks "count"');
    expect(answerOf(read({ extra: 1, kind: 1 }))).toContain('"kind"');
    expect(answerOf(read({ extra: 1 }))).toContain('"extra"');
  });
});

describe('a parser', () => {
  it('makes its schema once, at its first use', () => {
    const make = vi.fn(() => strict({ a: v.string() }));
    const parse = parser('the body', make);
    expect(make).not.toHaveBeenCalled();
    expect(parse({ a: 'x' })).toEqual({ a: 'x' });
    expect(answerOf(() => parse({}))).toBe('input-missing-field: the body lacks "a"');
    expect(make).toHaveBeenCalledTimes(1);
  });
});
