// How long to wait after trouble: longer each time, bounded, and never twice the same, so that many fleets do not come
// back at once.

export interface BackoffTiming {
  /** Milliseconds: after the first trouble, and at most. */
  readonly first: number;
  readonly most: number;
}

/**
 * @param failures in a row, from 1
 * @param random 0 up to 1
 * @returns milliseconds: between half and the whole of first × 2^(failures − 1), and of `most`
 */
export function backoff(failures: number, { first, most }: BackoffTiming, random: number): number {
  const whole = Math.min(most, first * 2 ** Math.min(failures - 1, 30));
  return Math.ceil(whole * (0.5 + random / 2));
}
