// One door from `unknown` to a type: a strict schema, and one clear line when it does not fit.

import type * as v from 'valibot';
import { Refusal } from './errors.ts';
import { quote } from './quote.ts';
import { type Schema, read } from './schema.ts';

export type { Schema } from './schema.ts';

function pathOf(issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map((item) => String(item.key));
  return keys.length === 0 ? 'the document itself' : quote(keys.join('.'));
}

/**
 * Stands in for valibot's own messages: those show the value, and values may be secrets. Only the path and what was
 * expected are told.
 */
const config = {
  abortEarly: true,
  message: ({ expected, type }: v.BaseIssue<unknown>) => expected?.replace(/^\((.*)\)$/, '$1') ?? type,
};

function refusalOf(issue: v.BaseIssue<unknown>, what: string): Refusal {
  const path = pathOf(issue);
  const rule = `${what}: schema`;
  if (issue.type === 'strict_object' && issue.expected === 'never')
    return new Refusal({
      code: 'input-unknown-field',
      message: `${what} holds the unknown field ${path}`,
      rule,
      fix: 'remove it, or use versions of hook and gate that belong together',
      status: 400,
    });
  if (issue.received === 'undefined')
    return new Refusal({
      code: 'input-missing-field',
      message: `${what} lacks ${path}`,
      rule,
      fix: 'add it',
      status: 400,
    });
  return new Refusal({
    code: 'input-wrong-type',
    message: `${what}: ${path} is not as expected (${issue.message})`,
    rule,
    fix: 'send what the protocol describes',
    status: 400,
  });
}

/** Parses `value` once. @throws {Refusal} `input-unknown-field`, `input-missing-field` or `input-wrong-type`, status 400 */
export function parseWith<T>(schema: Schema<T>, value: unknown, what: string): T {
  const result = read(schema, value, config);
  if (result.success) return result.output;
  throw refusalOf(result.issues[0], what);
}

/**
 * A parser whose schema is made at its first use: a process makes only the schemas that it needs, and a bundle leaves
 * out those that nobody calls (esbuild drops an unused function, never an unused call of another module's function).
 */
/* @__NO_SIDE_EFFECTS__ */
export function parser<T>(what: string, make: () => Schema<T>): (value: unknown) => T {
  let schema: Schema<T> | undefined;
  return (value) => {
    schema ??= make();
    return parseWith(schema, value, what);
  };
}
