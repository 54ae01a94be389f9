// What an engine shows of a container, in a form that can be compared between engines.

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === false ||
  value === 0 ||
  value === '' ||
  (Array.isArray(value) && value.every((item) => item === 0)) ||
  (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0);

/** Without what is not set: engines differ in how they write that, and add such fields with every version. */
export function set(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(set);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, set(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => !isEmpty(inner)));
}
