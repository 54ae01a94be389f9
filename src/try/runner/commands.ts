// Finds a workflow command in a line, in both of the runner's ways: `::name key=value::data` after leading blanks, and
// the older `##[name key=value]data`, which counts anywhere in a line.

export interface Command {
  /** In lower case. */
  readonly name: string;
  /** Keys in lower case. */
  readonly properties: ReadonlyMap<string, string>;
  readonly data: string;
}

export const commandNames = [
  'stop-commands',
  'set-env',
  'set-output',
  'save-state',
  'add-mask',
  'add-path',
  'add-matcher',
  'remove-matcher',
  'debug',
  'warning',
  'error',
  'notice',
  'group',
  'endgroup',
  'echo',
] as const;

type Escapes = readonly (readonly [escaped: string, plain: string])[];
const inData: Escapes = [
  ['%0D', '\r'],
  ['%0A', '\n'],
  ['%25', '%'],
];
const inProperty: Escapes = [...inData.slice(0, 2), ['%3A', ':'], ['%2C', ','], ['%25', '%']];
const inOldStyle: Escapes = [['%3B', ';'], ...inData.slice(0, 2), ['%5D', ']'], ['%25', '%']];

const unescape = (text: string, escapes: Escapes) =>
  escapes.reduce((result, [escaped, plain]) => result.replaceAll(escaped, plain), text);

/** .NET's white space, which has no U+FEFF but U+0085. */
const leadingBlanks = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

function parseProperties(text: string, separator: string, escapes: Escapes): Map<string, string> {
  const properties = new Map<string, string>();
  for (const pair of text.split(separator)) {
    const at = pair.indexOf('=');
    const value = pair.slice(at + 1);
    if (at > 0 && value !== '') properties.set(pair.slice(0, at).toLowerCase(), unescape(value, escapes));
  }
  return properties;
}

function parseInfo(info: string, known: (name: string) => boolean): { name: string; rest: string } | null {
  const space = info.indexOf(' ');
  const name = (space < 0 ? info : info.slice(0, space)).toLowerCase();
  return known(name) ? { name, rest: space < 0 ? '' : info.slice(space + 1) } : null;
}

function parseNewStyle(line: string, known: (name: string) => boolean): Command | null {
  const text = line.replace(leadingBlanks, '');
  if (!text.startsWith('::')) return null;
  const end = text.indexOf('::', 2);
  const info = end < 0 ? null : parseInfo(text.slice(2, end), known);
  if (info === null) return null;
  const properties = parseProperties(info.rest.trim(), ',', inProperty);
  return { name: info.name, properties, data: unescape(text.slice(end + 2), inData) };
}

function parseOldStyle(line: string, known: (name: string) => boolean): Command | null {
  const start = line.indexOf('##[');
  const end = start < 0 ? -1 : line.indexOf(']', start);
  const info = end < 0 ? null : parseInfo(line.slice(start + 3, end), known);
  if (info === null) return null;
  const properties = parseProperties(info.rest, ';', inOldStyle);
  return { name: info.name, properties, data: unescape(line.slice(end + 1), inOldStyle) };
}

/** @param known which names are commands; the token that ends stop-commands is one for its time */
export const parseCommand = (line: string, known: (name: string) => boolean): Command | null =>
  parseNewStyle(line, known) ?? parseOldStyle(line, known);
