// `timeout-minutes:` of a step and of a job.

import { evaluate, type Token, type Value } from '../workflow/index.ts';
import type { Run } from './run.ts';
import { scopeOf } from './scope.ts';

const maxDelay = 2_147_483_647;

/** A whole number of minutes, or 0 for none. */
const minutesOf = (value: Value): number => {
  const minutes = typeof value === 'string' ? Number(value) : value;
  return typeof minutes === 'number' && minutes > 0 ? Math.floor(minutes) : 0;
};

/** Calls `action` after a `timeout-minutes:`. @returns stops the clock */
export function startClock(
  run: Run,
  token: Token | null,
  otherwise: number,
  env: ReadonlyMap<string, string>,
  action: (minutes: number) => void,
) {
  const minutes = (token === null ? 0 : minutesOf(evaluate(token, scopeOf(run, env)))) || otherwise;
  if (minutes === 0) return () => {};
  const timer = setTimeout(() => action(minutes), Math.min(minutes * run.limits.minute, maxDelay));
  return () => clearTimeout(timer);
}
