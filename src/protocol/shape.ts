// Objects, more strictly than valibot 1.5 reads them: its strictObject and its record take an array for an object, and
// its record leaves the keys `constructor` and `prototype` out without a word.

import * as v from 'valibot';

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const anObject = v.custom<Record<string, unknown>>(isObject, 'an object');

/** `value` reduced to one of its own keys, for a first look at what decides which others may stand beside it. */
export const only = (key: string, value: unknown): unknown =>
  isObject(value) && Object.hasOwn(value, key) ? { [key]: value[key] } : value;

/** An object, no array, of exactly these entries. */
/* @__NO_SIDE_EFFECTS__ */
export function strict<const Entries extends v.ObjectEntries>(
  entries: Entries,
): v.GenericSchema<unknown, v.InferOutput<v.StrictObjectSchema<Entries, undefined>>> {
  return v.pipe(anObject, v.strictObject(entries));
}

export interface TextsRules {
  readonly isName?: (name: string) => boolean;
  /** What `isName` asks for, in words. */
  readonly names?: string;
  /** Longest value, in UTF-16 units. */
  readonly maxLength?: number;
  readonly maxEntries?: number;
}

/** Any names and texts. The result has no prototype, so that no lookup by a foreign name finds anything inherited. */
/* @__NO_SIDE_EFFECTS__ */
export function texts(rules: TextsRules = {}): v.GenericSchema<unknown, Record<string, string>> {
  const { isName = () => true, names = 'another name', maxLength = Infinity, maxEntries = Infinity } = rules;
  const values = maxLength === Infinity ? 'a text' : `a text of 0 to ${maxLength} characters`;
  return v.pipe(
    anObject,
    v.rawTransform<Record<string, unknown>, Record<string, string>>(({ dataset, addIssue, NEVER }) => {
      const input = dataset.value;
      const output = Object.create(null) as Record<string, string>;
      const few = Object.keys(input).length <= maxEntries;
      if (!few) addIssue({ message: `at most ${maxEntries} entries` });
      for (const [key, value] of Object.entries(input)) {
        const refuse = (message: string) => {
          addIssue({ message, path: [{ type: 'object', origin: 'value', input, key, value }] });
          return NEVER;
        };
        if (key === '__proto__' || !isName(key)) return refuse(names);
        if (typeof value !== 'string' || value.length > maxLength) return refuse(values);
        output[key] = value;
      }
      return output;
    }),
  );
}
