// Literals of the operator (and the Drone token) are replaced in whole lines, before anything is cut or counted: a
// secret that comes in two pieces of a log is whole again by then.

const replacement = '***';
/** A line of a secret with several lines counts from this length on: `{` alone would redact every brace. */
const shortestPart = 4;

function literalsOf(secrets: readonly string[]): readonly string[] {
  const literals = new Set<string>();
  for (const secret of secrets) {
    const lines = secret.split('\n').map((line) => line.replace(/\r$/, ''));
    if (lines.length === 1) literals.add(secret);
    // A log line never holds a newline, so a secret of several lines is looked for line by line.
    else for (const line of lines) if (line.trim().length >= shortestPart) literals.add(line);
  }
  literals.delete('');
  return [...literals].toSorted((a, b) => b.length - a.length);
}

type Range = readonly [from: number, to: number];

/** Where `literal` stands; occurrences that overlap or touch are one range. */
function rangesOf(line: string, literal: string): readonly Range[] {
  const ranges: [number, number][] = [];
  for (let at = line.indexOf(literal); at >= 0; at = line.indexOf(literal, at + 1)) {
    const last = ranges.at(-1);
    if (last !== undefined && at <= last[1]) last[1] = at + literal.length;
    else ranges.push([at, at + literal.length]);
  }
  return ranges;
}

/** A function that replaces every character that belongs to an occurrence of a literal; overlapping ones become one. */
export function redactor(secrets: readonly string[]): (line: string) => string {
  const literals = literalsOf(secrets);
  return (line) => {
    const ranges = literals.flatMap((literal) => rangesOf(line, literal));
    if (ranges.length === 0) return line;
    ranges.sort((a, b) => a[0] - b[0]);
    let out = '';
    let until = 0;
    let covered = -1;
    for (const [from, to] of ranges) {
      if (from > covered) {
        out += line.slice(until, from) + replacement;
        covered = to;
      } else covered = Math.max(covered, to);
      until = covered;
    }
    return out + line.slice(until);
  };
}
