// What a played story may never show, whatever the recording is: a success that Drone's build was not, a stored line that
// was not printed once. And what the committed table expects beyond that.

import type { Played } from './play.ts';
import { type Fidelity, compareLines } from './fidelity.ts';
import { isOver } from './sightings.ts';
import type { Truth } from './truth.ts';

/** One trigger, as it is shown and as the table holds it. */
export interface Told {
  readonly verdict: string;
  readonly code: string;
  /** Absent in the table: it depends on the moment. */
  readonly lines?: number;
  /** Against all stored logs; null: the recording has none. */
  readonly lost: number | null;
  readonly doubled: number | null;
}

export interface Judged {
  readonly told: Told;
  /** Broken rules; empty: all is well. */
  readonly problems: readonly string[];
}

/** @returns why a success is none; undefined: it may be one */
function falseGreen({ verdict, assumed }: Played, { status, ran }: Truth): string | undefined {
  if (verdict !== 'success') return undefined;
  if (status !== undefined && isOver({ status }) && status !== 'success')
    return `a false green: Drone's build ended with ${status}`;
  if (status === 'success' && ran === false) return 'a false green: not one step of the build ran';
  if (status !== 'success' && !assumed) return 'a false green: the recording shows no success of this build';
  return undefined;
}

function logProblems(step: string, { lost, doubled, ordered }: Fidelity): readonly string[] {
  return [
    ...(lost > 0 ? [`${lost} stored lines of ${step} were not printed`] : []),
    ...(doubled > 0 ? [`${doubled} lines of ${step} were printed that are not stored, or once too often`] : []),
    ...(ordered ? [] : [`the lines of ${step} were printed in another order`]),
  ];
}

export function judge(played: Played, truth: Truth): Judged {
  const problems: string[] = [];
  const green = falseGreen(played, truth);
  if (green !== undefined) problems.push(green);
  let lost = 0;
  let doubled = 0;
  for (const { step, lines, first } of truth.logs) {
    const found = compareLines(played.lines.get(step) ?? [], lines, first > 0);
    lost += found.lost;
    doubled += found.doubled;
    problems.push(...logProblems(step, found));
    if (first > 0 && !played.notes.some((note) => note.includes('missing here')))
      problems.push(`nothing says that Drone dropped the first ${first} entries of ${step}`);
  }
  const none = truth.logs.length === 0;
  const printed = [...played.lines.values()].reduce((sum, lines) => sum + lines.length, 0);
  const { verdict, code } = played;
  return {
    told: { verdict, code, lines: printed, lost: none ? null : lost, doubled: none ? null : doubled },
    problems,
  };
}

/** In which points a story differs from the table. */
export function differences(told: Told, expected: Told | undefined): readonly string[] {
  if (expected === undefined) return ['the table does not expect this story'];
  const keys = ['verdict', 'code', 'lines', 'lost', 'doubled'] as const;
  return keys
    .filter((key) => expected[key] !== undefined && told[key] !== expected[key])
    .map((key) => `${key} should be ${JSON.stringify(expected[key])}`);
}
