import fc from 'fast-check';
import { isObject, places } from './places.ts';

const fold = (key: string): string => key.toUpperCase().toLowerCase();

/** Whether strict JSON has nothing against its keys. */
const isStrict = (value: unknown): boolean =>
  places(value).every(
    (place) =>
      !isObject(place.value) ||
      (!Object.hasOwn(place.value, '__proto__') &&
        new Set(Object.keys(place.value).map(fold)).size === Object.keys(place.value).length),
  );

const hostile = fc.constantFrom(
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  ':',
  ',',
  '":',
  '"a":',
  '\\"',
  '\u2028',
  '\ud800',
  'é',
  '中',
);
const someText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(hostile).map((parts) => parts.join('')),
);

/** A JSON value of any kind; without white space on its own account. */
export const jsonValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }), someText),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(someText, tie('value'), { maxKeys: 5 }),
  ),
})).value;

export const strictValue: fc.Arbitrary<unknown> = jsonValue.filter(isStrict);

/** Any of JSON's spellings of a text. */
export const spelling = (text: string): fc.Arbitrary<string> =>
  fc.array(fc.boolean(), { minLength: text.length, maxLength: text.length }).map((escape) => {
    const units = Array.from({ length: text.length }, (_, at) => text.charAt(at));
    const written = units.map((unit, at) =>
      escape[at] ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}` : JSON.stringify(unit).slice(1, -1),
    );
    return `"${written.join('')}"`;
  });

export const whiteSpace: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(' ', '\t', '\n', '\r'), { maxLength: 20 })
  .map((parts) => parts.join(''));
