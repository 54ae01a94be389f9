// Figures that hold on a shared machine: two things done in turn, A B B A …, and their ratio pair by pair.

export interface Paired {
  readonly pairs: number;
  /** A divided by B: the smallest, the median and the largest of the pairs' ratios. */
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** One row of docs/benchmarks.md. */
export interface Figure {
  readonly what: string;
  readonly against: string;
  readonly value: string;
  readonly spread: string;
  /** Empty: the figure is told without judgement. */
  readonly target: string;
  readonly met: boolean | null;
}

function middle(sorted: readonly number[]): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/** Milliseconds of wall time. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

export const sum = (times: readonly number[]): number => times.reduce((total, time) => total + time, 0);

/** @throws {RangeError} without a ratio */
export function pairedOf(ratios: readonly number[]): Paired {
  if (ratios.length === 0) throw new RangeError('no pair was run');
  const sorted = ratios.toSorted((x, y) => x - y);
  const [min = Number.NaN] = sorted;
  return { pairs: sorted.length, min, median: middle(sorted), max: sorted.at(-1) ?? Number.NaN };
}

/** One pair first that does not count; then `pairs` of them. Each function returns its own time, in any unit. */
export async function paired(pairs: number, a: () => Promise<number>, b: () => Promise<number>): Promise<Paired> {
  await a();
  await b();
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    // Whoever comes first in a pair finds colder caches: they take turns.
    const early = pair % 2 === 0 ? await a() : Number.NaN;
    const below = await b();
    ratios.push((pair % 2 === 0 ? early : await a()) / below);
  }
  return pairedOf(ratios);
}

/** @param most the largest median that is as it should be; absent: there is no target */
export function ratioFigure(what: string, against: string, found: Paired, most?: number): Figure {
  return {
    what,
    against,
    value: `${found.median.toFixed(2)} ×`,
    spread: `${found.min.toFixed(2)} to ${found.max.toFixed(2)}, ${found.pairs} pairs`,
    target: most === undefined ? '' : `≤ ${most} ×`,
    met: most === undefined ? null : found.median <= most,
  };
}

/** @param most the largest number of MiB that is as it should be */
export function memoryFigure(what: string, mebibytes: number, most: number): Figure {
  return {
    what,
    against: '–',
    value: `${mebibytes.toFixed(0)} MiB`,
    spread: 'peak of one run',
    target: `≤ ${most} MiB`,
    met: mebibytes <= most,
  };
}
