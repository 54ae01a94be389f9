import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rule } from './guard.ts';

/** The text without the rule. @throws {Error} when the place is missing or not the only one */
export function without(text: string, { find, replace }: Pick<Rule, 'find' | 'replace'>): string {
  const at = text.indexOf(find);
  if (at === -1) throw new Error('the text to find is not there');
  if (text.includes(find, at + 1)) throw new Error('the text to find stands there more than once');
  // Not String.replace: the replacement may hold a `$`.
  return text.slice(0, at) + replace + text.slice(at + find.length);
}

/** Takes the rule away below `root` while `work` runs. */
export async function switchedOff<T>(
  root: string,
  rule: Pick<Rule, 'find' | 'replace'> & { readonly file: string },
  work: () => Promise<T>,
): Promise<T> {
  const path = join(root, rule.file);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, without(text, rule));
  try {
    return await work();
  } finally {
    writeFileSync(path, text);
  }
}
