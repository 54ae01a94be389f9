import type { Rule } from './rules.ts';

export interface Specimen {
  readonly name: string;
  readonly parse: (value: unknown) => unknown;
  /** How its messages begin. */
  readonly what: string;
  readonly document: unknown;
  /** By path; the empty path is the document itself. */
  readonly rules: Readonly<Record<string, Rule>>;
}

export const id = '0123456789abcdef0123456789abcdef';
export const commit = 'c0ffee'.padEnd(40, '0');
export const week = 7 * 24 * 3600;
