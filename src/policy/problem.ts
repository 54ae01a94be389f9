// What is wrong with a policy file: every problem at once, each with the place and with what to change.

export type PathItem = string | number;

export interface Problem {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** `repositories[0].allow[1].refs`; `policy` (or what else the file is) for the file as a whole. */
  readonly path: string;
  /** `what; what to change`. */
  readonly message: string;
}

/** A problem before its place in the text is looked up. */
export interface Found {
  readonly path: readonly PathItem[];
  /** `what; what to change` */
  readonly message: string;
  /** Whether the key is wrong or its value; default: the value. */
  readonly place?: 'key' | 'value' | undefined;
}

/** `repositories[0].allow[1].refs[0]` @param whole what the file as a whole is called */
export function formatPath(path: readonly PathItem[], whole = 'policy'): string {
  let text = '';
  for (const item of path) {
    if (typeof item === 'number') text += `[${item}]`;
    else text += text === '' ? item : `.${item}`;
  }
  return text === '' ? whole : text;
}

const shown = 100;

/** The file's own text may stand in a message: control characters would make one line two. */
const oneLine = (text: string): string =>
  text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A policy that cannot be loaded. `message`: one line a problem, `file:line:column: path: what; what to change`. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    const sorted = problems
      .map((problem) => ({ ...problem, path: oneLine(problem.path), message: oneLine(problem.message) }))
      .toSorted((a, b) => a.line - b.line || a.column - b.column);
    const lines = sorted
      .slice(0, shown)
      .map(({ line, column, path, message }) => `${oneLine(file)}:${line}:${column}: ${path}: ${message}`);
    if (sorted.length > shown) lines.push(`${file}: ${sorted.length - shown} more problems; correct these first`);
    super(lines.join('\n'));
    this.problems = sorted;
  }
}
