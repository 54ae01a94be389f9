// Objects whose keys are not known before: what decides on the others, and texts by name.

import { type Schema, isObject, right, schemaOf, wrong } from './schema.ts';

/** `value` reduced to one of its own keys, for a first look at what decides which others may stand beside it. */
export const only = (key: string, value: unknown): unknown =>
  isObject(value) && Object.hasOwn(value, key) ? { [key]: value[key] } : value;

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
export function texts(rules: TextsRules = {}): Schema<Record<string, string>> {
  const { isName = () => true, names = 'another name', maxLength = Infinity, maxEntries = Infinity } = rules;
  const values = maxLength === Infinity ? 'a text' : `a text of 0 to ${maxLength} characters`;
  return schemaOf((input) => {
    if (!isObject(input)) return wrong(input, 'an object');
    const few = Object.keys(input).length <= maxEntries;
    if (!few) return wrong(input, `at most ${maxEntries} entries`);
    const output = Object.create(null) as Record<string, string>;
    for (const [key, value] of Object.entries(input)) {
      if (key === '__proto__' || !isName(key)) return wrong(value, names, [key]);
      if (typeof value !== 'string' || value.length > maxLength) return wrong(value, values, [key]);
      output[key] = value;
    }
    return right(output);
  });
}
