// The last lines of each step, for the summary. The log is as long and its lines are as wide as a build likes.

export interface Tails {
  add(step: string, lines: readonly string[]): void;
  /** Up to 20 lines, raw. */
  of(step: string): readonly string[];
}

/** A copy: a slice would keep the whole line in memory. */
const cut = (line: string): string => (line.length > 500 ? `${Buffer.from(line.slice(0, 500)).toString()}…` : line);

export function createTails(): Tails {
  const tails = new Map<string, readonly string[]>();
  return {
    add(step, lines) {
      const tail = [...(tails.get(step) ?? []), ...lines.slice(-20).map(cut)];
      tails.delete(step);
      tails.set(step, tail.slice(-20));
      // The step that has been quiet for longest goes.
      for (const [oldest] of tails) if (tails.size > 64) tails.delete(oldest);
    },
    of: (step) => tails.get(step) ?? [],
  };
}
