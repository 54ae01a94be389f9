// Plain values beside the classes of GitHub's expression package. A mapping is a Map, because its keys are the author's
// and the order of environment variables is part of what the runner sends.

import { data } from '@actions/expressions';

export type Value = null | boolean | number | string | readonly Value[] | ReadonlyMap<string, Value>;

/** What `JSON.parse` and object literals hold; objects become maps. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export function fromJson(json: Json): Value {
  if (json === null || typeof json !== 'object') return json;
  if (isList(json)) return json.map(fromJson);
  return new Map(Object.entries(json).map(([key, value]) => [key, fromJson(value)]));
}

const isList = (value: Json | Value): value is readonly never[] => Array.isArray(value);

/** On Linux the runner's `env` context tells `path` from `PATH`; every other context ignores the case. */
class CaseSensitiveDictionary extends data.Dictionary {
  readonly #entries: ReadonlyMap<string, data.ExpressionData>;

  constructor(entries: ReadonlyMap<string, data.ExpressionData>) {
    super();
    this.#entries = entries;
  }
  override get(key: string): data.ExpressionData | undefined {
    return this.#entries.get(key);
  }
  override values(): data.ExpressionData[] {
    return [...this.#entries.values()];
  }
  override pairs(): { key: string; value: data.ExpressionData }[] {
    return [...this.#entries].map(([key, value]) => ({ key, value }));
  }
}

export function toData(value: Value): data.ExpressionData {
  if (value === null) return new data.Null();
  if (typeof value === 'string') return new data.StringData(value);
  if (typeof value === 'number') return new data.NumberData(value);
  if (typeof value === 'boolean') return new data.BooleanData(value);
  if (value instanceof Map) {
    return new data.Dictionary(
      ...[...(value as ReadonlyMap<string, Value>)].map(([key, item]) => ({ key, value: toData(item) })),
    );
  }
  return new data.Array(...(value as readonly Value[]).map(toData));
}

export const environmentData = (env: ReadonlyMap<string, string>): data.ExpressionData =>
  new CaseSensitiveDictionary(new Map([...env].map(([name, value]) => [name, new data.StringData(value)])));

export function fromData(value: data.ExpressionData): Value {
  switch (value.kind) {
    case data.Kind.Null:
      return null;
    case data.Kind.String:
      return value.value;
    case data.Kind.Number:
      return value.value;
    case data.Kind.Boolean:
      return value.value;
    case data.Kind.Array:
      return value.values().map(fromData);
    case data.Kind.Dictionary:
      return new Map(value.pairs().map((pair) => [pair.key, fromData(pair.value)]));
    default:
      throw new Error('GitHub does not define a value of this kind');
  }
}

/** A scalar as the runner writes it into an environment variable: null is empty. `null` stands for a list or a mapping. */
export function scalarText(value: Value): string | null {
  if (value === null) return '';
  if (typeof value === 'object') return null;
  return toData(value).coerceString();
}
