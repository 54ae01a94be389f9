// Every parser, every place of a document that holds every field: what is refused there, with code and sentence, and
// beside it what is accepted. A field without a rule in the tables fails the first test.

import { describe, expect, it } from 'vitest';
import { objects, places, ruleName, without, withValue, wrote } from './support/places.ts';
import { answerOf } from './support/refusal.ts';
import type { Rule } from './support/rules.ts';
import type { Specimen } from './support/specimen.ts';
import { hookSpecimens } from './support/hook-specimens.ts';
import { specimens } from './support/specimens.ts';

const named = (path: string): string => (path === '' ? 'the document itself' : JSON.stringify(path));

function otherTypes(value: unknown): unknown[] {
  if (Array.isArray(value)) return ['x', 7, true, {}, { 0: 'x', length: 1 }];
  if (typeof value === 'object') return ['x', 7, true, [], ['x']];
  if (typeof value === 'string') return [7, true, [], ['x'], {}, { toString: 'x' }];
  if (typeof value === 'boolean') return ['true', 1, 0, [], {}];
  return ['7', true, [], [7], {}];
}

const ruleOf = ({ rules, name }: Specimen, path: string): Rule => {
  const rule = rules[path];
  if (rule === undefined) throw new Error(`${name}: no rule for "${path}"`);
  return rule;
};

describe.each([...hookSpecimens, ...specimens])('the parser of: $name', (specimen) => {
  const { document, parse, what, rules } = specimen;
  const all = places(document).map((place) => ({ ...place, rule: ruleOf(specimen, ruleName(place.path)) }));
  const parts = all.filter(({ path }) => path.length > 0);

  it('accepts the document that holds every field, and hands back the same', () => {
    expect(parse(structuredClone(document))).toEqual(document);
    expect(new Set(all.map(({ path }) => ruleName(path)))).toEqual(new Set(Object.keys(rules)));
  });

  it('refuses a field that it does not know, in every object', () => {
    for (const { path, value } of objects(document)) {
      if (ruleOf(specimen, ruleName(path)).map) continue;
      for (const field of [
        'unknown',
        'constructor',
        'toString',
        'length',
        '0',
        ...Object.keys(value).map((key) => `${key} `),
      ]) {
        const changed = withValue(document, path, { ...value, [field]: 'hunter2' });
        const message = `${what} holds the unknown field ${named(wrote([...path, field]))}`;
        expect(answerOf(() => parse(changed))).toBe(`input-unknown-field: ${message}`);
      }
    }
  });

  it('refuses a document without a field that has to be there, and accepts one without another', () => {
    for (const { path, rule } of parts.filter(({ path }) => typeof path.at(-1) === 'string')) {
      const changed = without(document, path);
      const inMap = ruleOf(specimen, ruleName(path.slice(0, -1))).map;
      if (rule.optional || inMap) expect(() => parse(changed)).not.toThrow();
      else
        expect(answerOf(() => parse(changed))).toBe(
          rule.gone ?? `input-missing-field: ${what} lacks ${named(wrote(path))}`,
        );
    }
  });

  it('refuses another type in every place, null too where it is not the runner that writes it', () => {
    for (const { path, value, rule } of all) {
      const wrong = rule.anything ? [] : [...otherTypes(value), ...(rule.nullable ? [] : [null])];
      for (const other of wrong) {
        const message = `${what}: ${named(wrote(path))} is not as expected (${rule.is})`;
        expect(answerOf(() => parse(withValue(document, path, other)))).toBe(`input-wrong-type: ${message}`);
      }
      if (rule.nullable) expect(() => parse(withValue(document, path, null))).not.toThrow();
    }
  });

  it('accepts a value at the edge of its rule and refuses one beyond it', () => {
    for (const { path, rule } of all) {
      for (const good of rule.good ?? []) expect(() => parse(withValue(document, path, good))).not.toThrow();
      for (const bad of rule.bad ?? []) {
        const message = `${what}: ${named(wrote(path))} is not as expected (${rule.is})`;
        expect(answerOf(() => parse(withValue(document, path, bad)))).toBe(`input-wrong-type: ${message}`);
      }
    }
  });
});
