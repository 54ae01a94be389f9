// The shapes that the policy's schema is made of. Each ends its messages as `what; what to change`.

import * as v from 'valibot';
import { nearest } from './suggest.ts';

export type TextIssue = v.RegexIssue<string>;

/** Text of one form. */
export const text = (form: RegExp, wrong: string | ((issue: TextIssue) => string), description: string) =>
  v.pipe(v.string(), v.regex(form, wrong), v.description(description));

const most = 1000;
/** At least one, none twice, and no more than a person can oversee. */
export const listOf = <T extends v.GenericSchema<unknown, unknown>>(item: T, description: string) =>
  v.pipe(
    v.array(item),
    v.minLength(1, 'is empty; name at least one, or leave the key out'),
    v.maxLength(most, `names more than ${most}; use wildcards or patterns, or split the entry`),
    v.checkItems((value, index, all) => all.indexOf(value) === index, 'stands in this list twice; keep one'),
    v.metadata({ description, uniqueItems: true }),
  );

// valibot takes a list for an object without any keys.
function noList<T extends v.GenericSchema<unknown, unknown>>(schema: T): T {
  const run = schema['~run'];
  return Object.assign(schema, {
    '~run'(dataset: v.UnknownDataset, config: v.Config<v.BaseIssue<unknown>>) {
      if (!Array.isArray(dataset.value)) return run.call(schema, dataset, config);
      v._addIssue(schema, 'type', dataset as never, config);
      return dataset;
    },
  });
}

/**
 * An object that refuses unknown keys. `requirement` reaches every issue: valibot names only the first unknown key, and
 * the hint needs the known ones.
 */
export const object = <T extends v.ObjectEntries>(entries: T) =>
  noList(Object.assign(v.strictObject(entries), { requirement: Object.keys(entries) }));

/** Values by names of the operator's choice. */
export const mapOf = <T extends v.GenericSchema<unknown, unknown>>(name: v.GenericSchema<string, string>, value: T) =>
  noList(v.record(name, value));

export const oneOf = <const T extends readonly string[]>(words: T, description: string) =>
  v.pipe(
    v.picklist(words, ({ input }) => {
      const meant = typeof input === 'string' ? nearest(input, words) : undefined;
      return meant === undefined
        ? `is none of the words known here; use ${words.join(', ')}`
        : `is none of the words known here; did you mean ${meant}?`;
    }),
    v.description(description),
  );
/** A risk that the operator takes knowingly, written down in the file. */
export const accepted = (description: string) =>
  v.optional(
    v.pipe(v.literal('accepted', 'can only be accepted; write accepted, or remove it'), v.description(description)),
  );
