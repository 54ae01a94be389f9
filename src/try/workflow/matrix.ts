// Combinations of a matrix, in GitHub's order: the cross product of the lists with the first key changing slowest, less
// `exclude`, then each `include` added to every combination whose own values it does not change, or else as one more.

import { isDeepStrictEqual } from 'node:util';
import type { Value } from './value.ts';

export type Combination = ReadonlyMap<string, Value>;

/** GitHub's own limit for one workflow run. */
const maxJobs = 256;

const isMap = (value: Value | undefined): value is ReadonlyMap<string, Value> => value instanceof Map;
const maps = (value: Value | undefined): Combination[] =>
  Array.isArray(value) ? (value as Value[]).filter(isMap) : [];

/** A mapping matches when every key that it names matches; an `exclude` may name a part of a nested mapping. */
const matches = (whole: Value | undefined, part: Value): boolean => {
  if (isMap(part)) return isMap(whole) && [...part].every(([key, value]) => matches(whole.get(key), value));
  return isDeepStrictEqual(whole, part);
};

function product(lists: readonly (readonly [string, readonly Value[]])[]): Map<string, Value>[] {
  let combinations: Map<string, Value>[] = [new Map<string, Value>()];
  for (const [key, values] of lists) {
    combinations = combinations.flatMap((combination) =>
      values.map((value) => new Map([...combination, [key, value]])),
    );
    if (combinations.length > maxJobs) throw new Error(`the matrix makes more than ${maxJobs} jobs`);
  }
  return combinations;
}

/** @throws {Error} when the matrix is no mapping of lists, or makes more than 256 jobs */
export function combinations(matrix: Value): Combination[] {
  if (!isMap(matrix)) throw new Error('the matrix has to be a mapping');
  const lists: [string, readonly Value[]][] = [];
  for (const [key, value] of matrix) {
    if (key === 'include' || key === 'exclude') continue;
    if (!Array.isArray(value)) throw new Error(`the matrix key '${key}' has to be a list`);
    lists.push([key, value as Value[]]);
  }
  const excluded = maps(matrix.get('exclude'));
  const originals = lists.length === 0 ? [] : product(lists);
  const kept = originals.filter((combination) => !excluded.some((entry) => matches(combination, entry)));
  const extended = kept.map((combination) => new Map(combination));
  const added: Combination[] = [];
  for (const entry of maps(matrix.get('include'))) {
    const fitting = kept.flatMap((combination, index) =>
      [...entry].every(([key, value]) => !combination.has(key) || isDeepStrictEqual(combination.get(key), value))
        ? [index]
        : [],
    );
    if (fitting.length === 0) added.push(entry);
    for (const index of fitting) for (const [key, value] of entry) extended[index]?.set(key, value);
  }
  const all = [...extended, ...added];
  if (all.length > maxJobs) throw new Error(`the matrix makes more than ${maxJobs} jobs`);
  return all;
}
