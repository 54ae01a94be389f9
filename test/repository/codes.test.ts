import { describe, expect, it } from 'vitest';
import { failureCodes, refusalCodes } from '../../src/protocol/codes.ts';
import { text } from '../support/tree.ts';

// A code is how an author finds out what to change: each one is explained in docs/codes.md, and nothing else is.

const codes: readonly string[] = [...refusalCodes, ...failureCodes];

/** A code is explained by a heading, or by a row of a table that begins with it. */
function explained(page: string): string[] {
  return [...page.matchAll(/^(?:#{2,6} +|\| *)`([^`\n]+)`/gm)].map((match) => match[1]!);
}

describe('docs/codes.md', () => {
  it('explains every code once and no other', () => {
    expect(explained(text('docs/codes.md')).sort()).toEqual([...codes].sort());
  });

  it('is read by headings and by rows of tables', () => {
    expect(explained('## `a-b`\ntext `x`\n| `c` | why |\n|---|---|\n| other | `d` |\n# `e`\n')).toEqual(['a-b', 'c']);
  });
});

describe('the codes', () => {
  it('are kebab-case, and a refusal never has the code of a failure', () => {
    expect(codes.filter((code) => !/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(code))).toEqual([]);
    expect(new Set(codes).size).toBe(codes.length);
  });
});
