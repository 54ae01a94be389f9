// As much of JSON Schema draft-07 as the policy's schema uses, so that an editor's view of a file can be compared with the
// loader's. A keyword that is not known here is an error of the test.

type Schema = Record<string, unknown>;

const annotations = new Set(['$schema', 'title', 'description', 'default', 'examples']);
const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function hasType(type: unknown, value: unknown): boolean {
  if (type === 'object') return isObject(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

const keywords: Readonly<Record<string, (rule: never, value: unknown, schema: Schema) => boolean>> = {
  type: (rule: unknown, value) => hasType(rule, value),
  const: (rule: unknown, value) => value === rule,
  enum: (rule: unknown[], value) => rule.includes(value),
  anyOf: (rule: Schema[], value) => rule.some((one) => accepts(one, value)),
  oneOf: (rule: Schema[], value) => rule.filter((one) => accepts(one, value)).length === 1,
  pattern: (rule: string, value) => typeof value !== 'string' || new RegExp(rule).test(value),
  minLength: (rule: number, value) => typeof value !== 'string' || Array.from(value).length >= rule,
  maxLength: (rule: number, value) => typeof value !== 'string' || Array.from(value).length <= rule,
  minimum: (rule: number, value) => typeof value !== 'number' || value >= rule,
  maximum: (rule: number, value) => typeof value !== 'number' || value <= rule,
  minItems: (rule: number, value) => !Array.isArray(value) || value.length >= rule,
  maxItems: (rule: number, value) => !Array.isArray(value) || value.length <= rule,
  uniqueItems: (_: true, value) =>
    !Array.isArray(value) || new Set(value.map((item) => JSON.stringify(item))).size === value.length,
  items: (rule: Schema, value) => !Array.isArray(value) || value.every((item) => accepts(rule, item)),
  required: (rule: string[], value) => !isObject(value) || rule.every((key) => Object.hasOwn(value, key)),
  propertyNames: (rule: Schema, value) => !isObject(value) || Object.keys(value).every((key) => accepts(rule, key)),
  properties: (rule: Record<string, Schema>, value) =>
    !isObject(value) ||
    Object.entries(rule).every(([key, one]) => !Object.hasOwn(value, key) || accepts(one, value[key])),
  additionalProperties: (rule: false | Schema, value, schema) =>
    !isObject(value) ||
    Object.keys(value)
      .filter((key) => !Object.hasOwn(schema['properties'] ?? {}, key))
      .every((key) => rule !== false && accepts(rule, value[key])),
};

/** Whether the value fits the schema. @throws {Error} on a keyword that this file does not know */
export function accepts(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, rule]) => {
    if (annotations.has(keyword)) return true;
    const judge = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
    if (judge === undefined) throw new Error(`unknown keyword ${keyword}`);
    return judge(rule as never, value, schema);
  });
}
