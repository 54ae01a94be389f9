import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson, quote } from '../../src/protocol/index.ts';
import { isObject, objects, withMember } from './support/places.ts';
import { answerOf, bytes, refusalOf } from './support/refusal.ts';
import { spelling, strictValue, whiteSpace } from './support/strict-values.ts';

const options = { maxBytes: 1_048_576, what: 'the body' };
const read = (text: string) => parseStrictJson(bytes(text), options);

describe('strict JSON', () => {
  it('reads every JSON value whose keys are strict, as JSON.parse reads it', () => {
    fc.assert(
      fc.property(strictValue, fc.constantFrom('', ' ', '\t', '\r\n   '), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(read(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('finds a key that stands twice wherever it stands and however it is written', () => {
    const doubled = strictValue
      .map((value) => ({
        value,
        keys: objects(value).flatMap(({ path, value }) => Object.keys(value).map((key) => ({ path, key }))),
      }))
      .filter(({ keys }) => keys.length > 0)
      .chain(({ value, keys }) => fc.constantFrom(...keys).map((chosen) => ({ value, ...chosen })))
      .chain(({ value, path, key }) =>
        fc
          .tuple(spelling(key), whiteSpace, strictValue, fc.constantFrom('first' as const, 'last' as const))
          .map(([written, blank, other, where]) => ({
            key,
            text: withMember(value, path, `${blank}${written}${blank}:${blank}${JSON.stringify(other)}`, where),
          })),
      );
    fc.assert(
      fc.property(doubled, ({ key, text }) => {
        expect(() => JSON.parse(text) as unknown).not.toThrow();
        expect(answerOf(() => read(text))).toBe(`input-duplicate-key: the body holds the key ${quote(key)} twice`);
      }),
    );
  });

  it('finds __proto__ wherever it stands and however it is written', () => {
    const holders = strictValue
      .map((value) => ({ value, holders: objects(value) }))
      .filter(({ holders }) => holders.length > 0)
      .chain(({ value, holders }) =>
        fc.record({ value: fc.constant(value), path: fc.constantFrom(...holders).map(({ path }) => path) }),
      );
    fc.assert(
      fc.property(holders, spelling('__proto__'), whiteSpace, ({ value, path }, written, blank) => {
        const text = withMember(value, path, `${written}${blank}:${blank}{}`);
        expect(answerOf(() => read(text))).toBe('input-forbidden-key: the body holds the key "__proto__"');
      }),
    );
  });

  it('never throws anything but a refusal, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (raw, text) => {
        for (const input of [raw, bytes(text), bytes(`{"a":${text}}`), bytes(`{"${text}`)])
          try {
            parseStrictJson(input, options);
          } catch (error) {
            expect(error).toMatchObject({ name: 'Refusal' });
          }
      }),
    );
  });

  it('gives case its meaning only directly under the name that is told', () => {
    const under = { ...options, caseSensitiveUnder: 'env' };
    const parse = (text: string) => () => parseStrictJson(bytes(text), under);
    expect(parse('{"env":{"a":1,"A":2}}')()).toEqual({ env: { a: 1, A: 2 } });
    expect(parse('{"\\u0065nv":{"a":1,"A":2}}')()).toEqual({ env: { a: 1, A: 2 } });
    expect(answerOf(parse('{"env":{"a":1,"a":2}}'))).toBe('input-duplicate-key: the body holds the key "a" twice');
    for (const text of [
      '{"a":1,"A":2}',
      '{"env":[{"a":1,"A":2}]}',
      '{"env":{"x":{"a":1,"A":2}}}',
      '{"env":{},"x":{"a":1,"A":2}}',
      '{"env":"{","x":[{"a":1,"A":2}]}',
      '["env",{"a":1,"A":2}]',
      '{"ENV":{"a":1,"A":2}}',
    ])
      expect(answerOf(parse(text))).toBe(
        'input-case-variant-key: the body holds the keys "a" and "A", which differ only in case',
      );
  });

  it('forgets a broken document: the next one is read afresh', () => {
    expect(refusalOf(() => parseStrictJson(Uint8Array.of(0x22, 0xe2, 0x82), options)).code).toBe('input-not-utf8');
    expect(read('"x"')).toBe('x');
  });

  it('names the limit that was passed', () => {
    const small = { what: 'the body', maxBytes: 4 };
    expect(parseStrictJson(bytes('"é"'), small)).toBe('é');
    expect(answerOf(() => parseStrictJson(bytes('"éé"'), small))).toBe(
      'input-too-large: the body is larger than 4 bytes',
    );
  });

  it.each([
    ['white space before a colon', `{"a"${' '.repeat(1_048_000)}:1}`],
    ['empty objects', `[${'{},'.repeat(349_000)}{}]`],
    ['keys', `{${Array.from({ length: 80_000 }, (_, at) => `"k${at}":1`).join(',')}}`],
    ['escapes', `{"${'\\u0061'.repeat(174_000)}":1}`],
    ['backslashes', `["${'\\\\'.repeat(524_000)}"]`],
    ['strings', `[${'"",'.repeat(349_000)}""]`],
  ])('reads 1 MiB of %s in one walk', (_, text) => {
    expect(isObject(read(text)) || Array.isArray(read(text))).toBe(true);
  });
});
