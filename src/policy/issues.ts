// From valibot's issues to sentences: which key, what is wrong, what to write instead.

import type * as v from 'valibot';
import type { Found, PathItem } from './problem.ts';
import { nearest } from './suggest.ts';

type Issue = v.BaseIssue<unknown>;

const missing: ReadonlyMap<string, string> = new Map([
  ['version', 'write version: 1'],
  ['audience', 'choose one that only this installation uses, as in https://airlock.example.org; there is no default'],
  ['id', "add GitHub's number of the repository; the audit line of a refused job tells it"],
  ['pipeline', 'write same (whoever pushes writes the pipeline) or { repository, branch } of a trusted repository'],
  ['accept', 'name what workflows write as container:, as in [airlock]'],
]);

const wanted: ReadonlyMap<string, string> = new Map([
  ['string', 'text; put it in quotes'],
  ['number', 'a number; write digits without quotes'],
  ['boolean', 'true or false'],
  ['array', 'a list; write [a, b] or one line each with - before it'],
  ['strict_object', 'a map of keys; write key: value'],
  ['record', 'a map of names; write name: value'],
]);

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

const pathOf = (issue: Issue): PathItem[] =>
  (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));

/** Every unknown key of the object, not only the first, which is all that valibot tells. */
function unknownKeys(issue: Issue, path: readonly PathItem[]): Found[] {
  const known = issue.requirement as readonly string[];
  const holder = issue.path?.at(-1)?.input as object;
  return Object.keys(holder)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const meant = nearest(key, known);
      const hint = meant === undefined ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`;
      return { path: [...path.slice(0, -1), key], message: `is not a key that is known here; ${hint}`, place: 'key' };
    });
}

/** The problems that one issue stands for. `around` leads to the value that the issue's own path begins at. */
export function foundIn(issue: Issue, around: readonly PathItem[] = []): Found[] {
  const path = [...around, ...pathOf(issue)];
  if (issue.type === 'strict_object' && issue.expected === 'never') return unknownKeys(issue, path);
  if (issue.type === 'strict_object' && issue.path?.at(-1)?.origin === 'key') {
    const name = String(path.at(-1));
    return [{ path, message: `is missing; ${missing.get(name) ?? 'add it'}` }];
  }
  // One way of writing is a word, the other a map: whoever wrote a map hears about its keys.
  const inner = (issue.issues ?? []).filter((part) => (part.path ?? []).length > 0);
  if (issue.type === 'union' && inner.length > 0) return inner.flatMap((part) => foundIn(part, path));
  const form = wanted.get(issue.type);
  // "Invalid …" is valibot's own sentence: nobody wrote a better one for this place.
  if (form !== undefined && issue.message.startsWith('Invalid '))
    return [{ path, message: `is ${kindOf(issue.input)} and must be ${form}` }];
  return [{ path, message: issue.message, place: issue.path?.at(-1)?.origin }];
}
