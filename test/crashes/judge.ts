// Whether a case ended as it must. Knows nothing of how it was played: what was seen goes in, every rule that does not hold
// comes out as a sentence.

import type { Case } from './cases.ts';
import { type Outcome, expectedOf, noticesOf } from './expected.ts';

export interface SeenBuild {
  readonly status: string;
  readonly nonce: string;
}

/** One answer to a hook's call for events. */
export interface SeenStream {
  readonly task: string;
  /** State events that the hook said it has. */
  readonly after: number;
  /** Numbers of the state and result events, in the order in which they went to the hook. */
  readonly numbers: readonly number[];
}

export interface Observed {
  /** null: it had no end within its time. */
  readonly conclusion: 'success' | 'failure' | 'cancelled' | 'skipped' | null;
  /** The job's log. */
  readonly lines: readonly string[];
  readonly builds: readonly SeenBuild[];
  readonly streams: readonly SeenStream[];
  /** Containers at the end. */
  readonly cellsLeft: number;
  /** The job after it: its conclusion and its builds' status. */
  readonly next: { readonly conclusion: Observed['conclusion']; readonly builds: readonly SeenBuild[] } | null;
  readonly ms: number;
  /** Whatever else went wrong: what ended by itself, what never came. */
  readonly troubles: readonly string[];
}

export interface Bounds {
  readonly ms: number;
  /** Ends of steps and stages that a green job shows. */
  readonly ends: readonly string[];
}

const outcomes: Readonly<Record<string, Outcome>> = { success: 'green', failure: 'red', cancelled: 'cancelled' };
export const outcomeOf = ({ conclusion }: Pick<Observed, 'conclusion'>): Outcome | 'no end' =>
  conclusion === null ? 'no end' : (outcomes[conclusion] ?? 'no end');

const lives = new Set(['pending', 'running', 'blocked', 'waiting_on_dependencies']);
const plain = (line: string): string => line.replace(/^([✓✗-] \S+):.*$/, '$1');

/** Numbers go on by one behind what the hook has, and what it says it has was told. */
function numbering(streams: readonly SeenStream[]): string[] {
  const top = new Map<string, number>();
  const found: string[] = [];
  for (const { task, after, numbers } of streams) {
    const told = top.get(task) ?? 0;
    if (after > told) found.push(`a state was lost: the hook has ${after}, and ${told} were told`);
    numbers.forEach((n, index) => {
      const due = after + index + 1;
      if (n > due) found.push(`a state was lost: ${n} came where ${due} was due`);
      if (n < due) found.push(`a state was doubled: ${n} came where ${due} was due`);
    });
    top.set(task, Math.max(told, after + numbers.length));
  }
  return found;
}

function builds({ builds: seen, conclusion }: Observed): string[] {
  const found: string[] = [];
  const nonces = seen.map(({ nonce }) => nonce);
  if (new Set(nonces).size < nonces.length) found.push('two builds have the nonce of one task');
  if (seen.length > 1) found.push(`${seen.length} builds were made for one job`);
  if (nonces.includes('')) found.push('a build has no nonce');
  if (conclusion === 'success' && !(seen.length === 1 && seen[0]?.status === 'success'))
    found.push(`green without Drone's success (builds: ${seen.map(({ status }) => status).join(', ') || 'none'})`);
  if (seen.some(({ status }) => lives.has(status))) found.push('a build still lives');
  return found;
}

function shown(one: Case, { lines, conclusion }: Observed, { ends }: Bounds): string[] {
  const found: string[] = [];
  const marks = lines.filter((line) => /^[✓✗] /.test(line)).map(plain);
  for (const mark of new Set(marks)) {
    const times = marks.filter((other) => other === mark).length;
    if (times > 1) found.push(`the log says ${times} times "${mark}"`);
  }
  const missing = conclusion === 'success' ? ends.filter((end) => !marks.includes(end)) : [];
  if (missing.length > 0) found.push(`the log of a green job lacks "${missing.join('", "')}"`);
  const notices = lines.filter((line) => line.startsWith('airlock: the gate was started anew')).length;
  const due = noticesOf(one);
  if (due !== null && notices !== due) found.push(`the log says ${notices} times that the gate was started anew`);
  return found;
}

function count(one: Case, { builds: seen }: Observed): string[] {
  if (one.row.build === 'made' && seen.length !== 1) return [`Drone had a build, and now has ${seen.length}`];
  const expected = expectedOf(one);
  // A hook that was killed leaves its task behind, which goes on.
  const alone = one.strikes.every(({ victim, how }) => victim !== 'hook' || how === 'stop');
  if (expected === 'red' && alone && seen.length > 0)
    return [`${seen.length} builds of a task whose cell was lost before`];
  return [];
}

/** Every rule that does not hold; none: as expected. */
export function judge(one: Case, observed: Observed, bounds: Bounds): readonly string[] {
  const expected = expectedOf(one);
  const outcome = outcomeOf(observed);
  const { next, cellsLeft, ms, troubles } = observed;
  return [
    ...troubles,
    ...(outcome === 'no end' ? ['the job had no end'] : []),
    ...(expected !== 'any' && expected !== outcome ? [`the job is ${outcome}, and must be ${expected}`] : []),
    ...(expected === 'any' && outcome === 'cancelled' ? ['the job is cancelled, and nobody did it'] : []),
    ...builds(observed),
    ...count(one, observed),
    ...numbering(observed.streams),
    ...shown(one, observed, bounds),
    ...(cellsLeft > 0 ? [`${cellsLeft} cells are left`] : []),
    ...(next?.conclusion === 'success' && next.builds.length === 1 ? [] : ['the next job was not served']),
    ...(ms > bounds.ms ? [`it took ${Math.round(ms / 1000)} s of at most ${Math.round(bounds.ms / 1000)} s`] : []),
  ];
}
