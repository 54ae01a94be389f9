// JSON as Go's encoder writes it: keys in the order of the struct, `<`, `>`, `&` and the two line separators escaped,
// one newline at the end (recording 45).

// Written as escapes, since the separators themselves would end this line.
const ESCAPED = /[<>&\u2028\u2029]/g;

/** Without the newline. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(value);
  return ESCAPED.test(text)
    ? text.replace(ESCAPED, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : text;
}

/** A map as Go writes it: by key, in the order of bytes. */
export function sorted(map: Readonly<Record<string, string>>): Record<string, string> {
  const keys = Object.keys(map).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const out = Object.create(null) as Record<string, string>;
  for (const key of keys) out[key] = map[key] ?? '';
  return out;
}
