import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { isObject, only, parseWith, strict, texts } from '../../src/protocol/index.ts';
import { answerOf } from './support/refusal.ts';

const read =
  <T>(schema: v.GenericSchema<unknown, T>, value: unknown) =>
  () =>
    parseWith(schema, value, 'the body');
const noObject = 'input-wrong-type: the body: the document itself is not as expected (an object)';

describe('an object', () => {
  it.each([[[]], [['x']], ['x'], [7], [null]])('is no %j', (value) => {
    expect(isObject(value)).toBe(false);
    expect(answerOf(read(strict({}), value))).toBe(noObject);
    expect(answerOf(read(texts(), value))).toBe(noObject);
    for (const empty of [{}, Object.create(null)] as unknown[]) {
      expect(isObject(empty)).toBe(true);
      expect(read(strict({}), empty)()).toEqual({});
    }
  });

  it('reduced to one of its own keys keeps that one alone', () => {
    expect(only('k', { k: 1, x: 2 })).toEqual({ k: 1 });
    expect(only('constructor', { x: 2 })).toEqual({ x: 2 });
    expect(only('0', ['x'])).toEqual(['x']);
    expect(only('k', null)).toBeNull();
  });
});

describe('texts by name', () => {
  const rules = { isName: (name: string) => name !== 'no', names: 'a good name', maxLength: 3, maxEntries: 2 };
  const wrong = (path: string, expected: string) =>
    `input-wrong-type: the body: "${path}" is not as expected (${expected})`;

  it('are of any name without rules, but for __proto__', () => {
    const value = JSON.parse('{"":"1","constructor":"2","prototype":"3","toString":"4","0":"5"}') as object;
    expect(read(texts(), value)()).toEqual({ ...value });
    expect(answerOf(read(texts(), JSON.parse('{"__proto__":"x"}')))).toBe(wrong('__proto__', 'another name'));
  });

  it('are refused by the rule that does not hold', () => {
    expect(read(texts(rules), { a: 'xyz', b: '' })()).toEqual({ a: 'xyz', b: '' });
    expect(answerOf(read(texts(rules), { no: 'x' }))).toBe(wrong('no', 'a good name'));
    expect(answerOf(read(texts(rules), { a: 'wxyz' }))).toBe(wrong('a', 'a text of 0 to 3 characters'));
    expect(answerOf(read(texts(rules), { a: 1 }))).toBe(wrong('a', 'a text of 0 to 3 characters'));
    expect(answerOf(read(texts(), { a: ['x'] }))).toBe(wrong('a', 'a text'));
    expect(answerOf(read(texts(rules), { a: '', b: '', c: '' }))).toBe(
      'input-wrong-type: the body: the document itself is not as expected (at most 2 entries)',
    );
  });

  it('come out of another object than they went in, one that inherits nothing', () => {
    const value = { a: 'x' };
    const output = read(texts(), value)();
    expect(output).not.toBe(value);
    expect(Object.getPrototypeOf(output)).toBeNull();
    expect('toString' in output).toBe(false);
  });
});
