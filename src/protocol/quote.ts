// Foreign text inside our own messages: always quoted, printable, short. Job logs and terminals obey control bytes,
// and a message is one line (STYLE.md, THREATS.md section 1, "hook stdout/stderr lines").

const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Quotes attacker-controlled text for a message: JSON escapes, only printable ASCII, cut with … at `max` characters. */
export function quote(text: string, max = 80): string {
  const quoted = JSON.stringify(text.slice(0, max))
    .replace(/[^\x20-\x7e]/g, escape)
    .replaceAll('::', ':\\u003a')
    .replaceAll('##[', '#\\u0023[');
  return text.length > max ? `${quoted.slice(0, -1)}…"` : quoted;
}
