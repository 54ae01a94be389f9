// What an engine shows of a container beside what it was asked for.

/** An engine shows the keys of a map in the order of their names. */
const sorted = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
    : value;

/** Go writes an empty list or map as null, as empty, or not at all. */
function canonical(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = JSON.stringify(value, sorted);
  return text === '[]' || text === '{}' || text === '""' ? '' : text;
}

/** The names of those fields in which both differ. */
export function differences<Field extends string>(
  fields: readonly Field[],
  asked: Readonly<Record<Field, unknown>>,
  made: Readonly<Record<string, unknown>>,
): string[] {
  return fields.filter((field) => canonical(asked[field]) !== canonical(made[field]));
}
