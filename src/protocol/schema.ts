// The kinds of schema that the hook's documents are made of. By their form they are valibot's, so that its pieces may
// hold them and stand in them, but they weigh a tenth of it in the hook's bundle. They end at the first thing that is
// wrong, and tell its path and what was expected, never the value, which may be a secret.

import type * as v from 'valibot';

export type Schema<T> = v.GenericSchema<unknown, T>;
type Issues = readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]];
export type Config = v.Config<v.BaseIssue<unknown>>;
export type Read<T> =
  | { readonly success: true; readonly output: T }
  | { readonly success: false; readonly issues: Issues };

/** What valibot calls a dataset. */
export interface Found {
  readonly value: unknown;
  readonly typed: boolean;
  readonly issues?: Issues | undefined;
}

export const right = (value: unknown): Found => ({ value, typed: true });

/** @param keys where in `input` @param type of the issue; a field that nobody knows is a `strict_object`'s */
export function wrong(input: unknown, expected: string, keys: readonly string[] = [], type = 'custom'): Found {
  const path = keys.length > 0 ? keys.map((key) => ({ key })) : undefined;
  const received = input === undefined ? 'undefined' : 'another';
  const issue = { kind: 'schema', type, input, expected, received, message: expected, path };
  return { value: input, typed: false, issues: [issue as unknown as v.BaseIssue<unknown>] };
}

/** Has a schema, ours or valibot's, look at a value. */
const look = (schema: Schema<unknown>, value: unknown, config: Config): Found => schema['~run']({ value }, config);

/** What is wrong there, told from here. */
function below(key: string | number, found: Found): Found {
  for (const issue of found.issues ?? []) Object.assign(issue, { path: [{ key }, ...(issue.path ?? [])] });
  return found;
}

export function read<T>(schema: Schema<T>, value: unknown, config: Config = {}): Read<T> {
  const { issues, value: output } = look(schema, value, config);
  return issues ? { success: false, issues } : { success: true, output: output as T };
}

/* @__NO_SIDE_EFFECTS__ */
export const schemaOf = <T>(run: (value: unknown, config: Config) => Found, more: object = {}): Schema<T> =>
  ({
    kind: 'schema',
    type: 'custom',
    async: false,
    ...more,
    '~run': ({ value }: { readonly value: unknown }, config: Config) => run(value, config),
  }) as unknown as Schema<T>;

/** What a predicate lets through. */
/* @__NO_SIDE_EFFECTS__ */
export const rule = <T>(isSo: (value: unknown) => boolean, expected: string) =>
  schemaOf((value) => (isSo(value) ? right(value) : wrong(value, expected))) as v.CustomSchema<T, string>;

/** A list of such items. */
/* @__NO_SIDE_EFFECTS__ */
export const list = <T>(item: Schema<T>): Schema<T[]> =>
  schemaOf((value, config) => {
    if (!Array.isArray(value)) return wrong(value, 'Array');
    const output: unknown[] = [];
    for (const [at, one] of value.entries()) {
      const found = look(item, one, config);
      if (found.issues) return below(at, found);
      output.push(found.value);
    }
    return right(output);
  });

/** What may be left out or be null, as the runner writes it, and stands for `otherwise` then. */
/* @__NO_SIDE_EFFECTS__ */
export const maybe = <T, const D>(schema: Schema<T>, otherwise: D): Schema<T | D> =>
  schemaOf(
    (value, config) => {
      const given = value ?? otherwise;
      return given === null ? right(given) : look(schema, given, config);
    },
    { type: 'nullish', default: otherwise },
  );

/** What stands under a key of `strict`: these two tell whether it may be left out. */
type Entry = Schema<unknown> & { readonly default?: unknown };

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object, no array, of exactly these entries; of none that is inherited. */
/* @__NO_SIDE_EFFECTS__ */
export function strict<const Entries extends v.ObjectEntries>(
  entries: Entries,
): Schema<v.InferOutput<v.StrictObjectSchema<Entries, undefined>>> {
  const known = Object.entries(entries as Readonly<Record<string, Entry>>);
  return schemaOf((value, config) => {
    if (!isObject(value)) return wrong(value, 'an object');
    const output: Record<string, unknown> = {};
    for (const [key, entry] of known) {
      if (!Object.hasOwn(value, key)) {
        if (!/optional|nullish/.test(entry.type)) return wrong(undefined, 'a value', [key]);
        if (entry.default === undefined) continue;
      }
      const found = look(entry, value[key], config);
      if (found.issues) return below(key, found);
      output[key] = found.value;
    }
    for (const key of Object.keys(value))
      if (!Object.hasOwn(entries, key)) return wrong(key, 'never', [key], 'strict_object');
    return right(output);
  });
}
