// One line of what `airlock doctor` says.

export interface Finding {
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
  /** `weak`: it works, and the documentation says what is weaker by it. */
  readonly verdict: 'ok' | 'weak' | 'NOT OK';
  /** What to do; empty: nothing. */
  readonly fix: string;
}

export const good = (what: string, wanted: string, found = wanted): Finding => ({
  what,
  wanted,
  found,
  verdict: 'ok',
  fix: '',
});
export const bad = (what: string, wanted: string, found: string, fix: string): Finding => ({
  what,
  wanted,
  found,
  verdict: 'NOT OK',
  fix,
});
export const weak = (what: string, wanted: string, found: string, fix: string): Finding => ({
  what,
  wanted,
  found,
  verdict: 'weak',
  fix,
});

/** What was found may hold foreign text: one line, nothing that a terminal obeys. */
const plain = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ');

const heads = { what: 'what', wanted: 'wanted', found: 'found', verdict: '', fix: 'what to do' } as const;
const columns = ['what', 'wanted', 'found', 'verdict', 'fix'] as const;

/** A table of one line each; without a newline at the end. */
export function tableOf(findings: readonly Finding[]): string {
  const rows = [heads, ...findings].map((row) => columns.map((name) => plain(row[name])));
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
