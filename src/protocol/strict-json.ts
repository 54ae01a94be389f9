// JSON that comes from outside, read once and strictly. JSON.parse lets a duplicate key win silently and two parsers
// may disagree on which one (CVE-2026-34040 and engine 20.10, which accepts keys in any case): both are refused here.

import { Refusal } from './errors.ts';
import { quote } from './quote.ts';

export interface StrictJsonOptions {
  /** Size limit in bytes. */
  readonly maxBytes: number;
  /** What the document is, for messages: `the hook's input`. */
  readonly what: string;
  /** Objects under a key of this name may hold keys that differ only in case: environment variables do. */
  readonly caseSensitiveUnder?: string;
}

const maxDepth = 32;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function refuse(code: Refusal['code'], message: string, fix: string): never {
  throw new Refusal({ code, message, rule: 'strict JSON', fix, status: 400 });
}

/** Folds a key as a case-insensitive parser would; both directions, so that U+212A and U+017F meet k and s. */
const fold = (key: string): string => key.toUpperCase().toLowerCase();

/** Whether a colon follows, however much white space stands before it. */
function isKey(text: string, from: number): boolean {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at++;
  return text[at] === ':';
}

interface Open {
  /** Keys by their folded form, or by themselves where case counts. null: an array. */
  readonly keys: Map<string, string> | null;
  readonly foldCase: boolean;
  lastKey: string;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** Looks at every key of a text that JSON.parse has accepted already, so the walk needs no syntax of its own. */
function checkKeys(text: string, { what, caseSensitiveUnder }: StrictJsonOptions): void {
  const open: Open[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{' || character === '[') {
      const foldCase = caseSensitiveUnder === undefined || open.at(-1)?.lastKey !== caseSensitiveUnder;
      open.push({ keys: character === '{' ? new Map() : null, foldCase, lastKey: '' });
      if (open.length > maxDepth) refuse('input-too-deep', `${what} is nested deeper than ${maxDepth}`, 'send it flat');
    } else if (character === '}' || character === ']') {
      open.pop();
    } else if (character === '"') {
      const end = endOfString(text, at);
      const holder = open.at(-1);
      if (holder?.keys && isKey(text, end + 1)) {
        const key = JSON.parse(text.slice(at, end + 1)) as string;
        if (key === '__proto__') refuse('input-forbidden-key', `${what} holds the key "__proto__"`, 'remove this key');
        const folded = holder.foldCase ? fold(key) : key;
        const other = holder.keys.get(folded);
        if (other === key) refuse('input-duplicate-key', `${what} holds the key ${quote(key)} twice`, 'keep one');
        if (other !== undefined) {
          const message = `${what} holds the keys ${quote(other)} and ${quote(key)}, which differ only in case`;
          refuse('input-case-variant-key', message, 'keep one');
        }
        holder.keys.set(folded, key);
        holder.lastKey = key;
      }
      at = end;
    }
  }
}

/**
 * Reads one JSON document from bytes: UTF-8 without BOM, no duplicate keys, no `__proto__`, no keys that differ only in
 * case, nesting up to 32, nothing behind it. @throws {Refusal} `input-*`, status 400 (413 when too large)
 */
export function parseStrictJson(bytes: Uint8Array, options: StrictJsonOptions): unknown {
  const { what, maxBytes } = options;
  if (bytes.byteLength > maxBytes)
    throw new Refusal({
      code: 'input-too-large',
      message: `${what} is larger than ${maxBytes} bytes`,
      rule: 'size limit',
      fix: 'send less',
      status: 413,
    });
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return refuse('input-not-utf8', `${what} is not valid UTF-8`, 'send UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('input-not-json', `${what} is not one JSON document`, 'send one JSON document and nothing else');
  }
  checkKeys(text, options);
  return value;
}
