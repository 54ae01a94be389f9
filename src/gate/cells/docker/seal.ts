// What an engine shows of a container beside what it was asked for.

/** Go writes an empty list or map as null, as empty, or not at all. */
function canonical(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = JSON.stringify(value);
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
