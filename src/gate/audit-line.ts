// One line of the audit log, whatever an attacker made the entry of: printable ASCII and no more than a few kilobytes. A
// raw U+0085 or U+2028 is a new line to some readers, U+202E turns the rest of a line around, C1 bytes are commands to a
// terminal; and a line that a refused call can make long is a way to fill the operator's disk.

import type { AuditEntry } from './audit.ts';

/** Characters of a whole line, its end included. */
export const maxLine = 8_192;

/** Characters of each text when the line is too long as it is. The last ones suffice for any entry. */
const cuts = [1_024, 256, 64, 16];

/** JSON allows every character as an escape. By code units: a pair of surrogates becomes two, as JSON writes it. */
const ascii = (json: string): string =>
  json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const shortened = (text: string, max: number): string =>
  text.length <= max ? text : `${text.slice(0, max)}... (${text.length} characters)`;

function shorten(entry: AuditEntry, max: number): object {
  const cut = (value: unknown): unknown => {
    if (typeof value === 'string') return shortened(value, max);
    return Array.isArray(value) ? value.map(cut) : value;
  };
  return Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, cut(value)]));
}

/** @param now milliseconds since the epoch */
export function auditLine(entry: AuditEntry, now: number): string {
  const time = new Date(now).toISOString();
  const lineOf = (fields: object): string => `${ascii(JSON.stringify({ time, ...fields }))}\n`;
  let line = lineOf(entry);
  for (const max of cuts) {
    if (line.length <= maxLine) return line;
    line = lineOf(shorten(entry, max));
  }
  return line;
}
