// When no entry fits: the one that came closest, and every point in which the job differs from it.

import { Refusal } from '../protocol/index.ts';
import { type Difference, pointNames } from './difference.ts';
import type { AllowEntry, Denial, RepositoryPolicy } from './types.ts';

export interface Miss {
  readonly entry: AllowEntry;
  /** At least one, in the order of the points. */
  readonly differences: readonly Difference[];
}

const firstPoint = ({ differences: [first] }: Miss): number =>
  first === undefined ? -1 : pointNames.indexOf(first.point);
const weight = ({ differences }: Miss): number => differences.reduce((sum, part) => sum + (part.weight ?? 1), 0);
const otherTask = ({ differences }: Miss): number => (differences[0]?.point === 'task' ? 1 : 0);

/**
 * An entry for the task that was asked for comes before any other; then fewer points; then the entry that the job
 * followed longer; then fewer parameters that differ; then the place in the file.
 */
function closer(a: Miss, b: Miss): number {
  return (
    otherTask(a) - otherTask(b) ||
    a.differences.length - b.differences.length ||
    firstPoint(b) - firstPoint(a) ||
    weight(a) - weight(b)
  );
}

/** `allow[1]`: an author hears nothing of other repositories, not even how many there are. */
export const ownPath = (path: string): string => path.slice(path.indexOf('.') + 1);

function nothingAllowed(repository: RepositoryPolicy): Denial {
  const refusal = new Refusal({
    code: 'task-not-allowed',
    message: `the policy lists ${repository.repository} and allows it nothing`,
    rule: 'allow',
    fix: 'ask the operator to add an entry',
  });
  return { allowed: false, refusal, detail: `${repository.repository} has no entry` };
}

/** The gate's answers are bounded, a policy's lists are not. */
const cut = (text: string): string => (text.length > 4000 ? `${text.slice(0, 4000)}…` : text);

export function closestDenial(repository: RepositoryPolicy, misses: readonly Miss[]): Denial {
  const [closest] = misses.toSorted(closer);
  const [first] = closest?.differences ?? [];
  if (closest === undefined || first === undefined) return nothingAllowed(repository);
  const { entry, differences } = closest;
  const own = ownPath(entry.path);
  const told = cut(differences.map(({ point, text }) => `${point}: ${text}`).join('; '));
  const count = differences.length === 1 ? 'in one point' : `in ${differences.length} points`;
  const refusal = new Refusal({
    code: first.code,
    message: `no entry of the policy fits this job; the closest, ${own} (${entry.task}), differs ${count}: ${told}`,
    rule: `${own}.${first.rule}`,
    fix: first.fix,
  });
  return { allowed: false, refusal, detail: `closest entry ${entry.path} (${entry.task}): ${told}` };
}
