// What `npm run crashes` prints: one line a case, as it ends.

import { type Case, victims } from './cases.ts';
import { expectedOf } from './expected.ts';
import { type Observed, outcomeOf } from './judge.ts';

export interface Ended {
  readonly one: Case;
  readonly observed: Observed | null;
  readonly wrong: readonly string[];
}

const widths = [26, 32, 10, 16, 6, 6];
const columns = (cells: readonly string[]): string =>
  cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join(' ')
    .trimEnd();

export const heading = columns(['moment', 'what was done', 'verdict', 'builds', 'cells', 'time', '']);

function done({ strikes, engine }: Case): string {
  const all = strikes.map(({ victim, how }) => `${how} ${victim}`).join(' + ');
  return engine === null ? all : `${all} (${engine === 'keeps' ? 'live-restore' : 'ends cells'})`;
}

export function lineOf({ one, observed, wrong }: Ended): string {
  const builds = observed?.builds.map(({ status }) => status).join(', ') ?? '-';
  const time = observed === null ? '-' : `${(observed.ms / 1000).toFixed(1)} s`;
  const left = observed === null ? '-' : String(observed.cellsLeft);
  const verdict = observed === null ? '-' : outcomeOf(observed);
  const end = wrong.length === 0 ? '' : `NOT AS EXPECTED (${expectedOf(one)})`;
  return columns([one.row.name, done(one), verdict, builds === '' ? 'none' : builds, left, time, end]);
}

/** One line a victim: how often it was struck, and how often the end was as expected. */
export function summaryOf(all: readonly Ended[]): string[] {
  return victims.map((victim) => {
    const of = all.filter(({ one }) => one.strikes.some((strike) => strike.victim === victim));
    const right = of.filter(({ wrong }) => wrong.length === 0).length;
    return `${victim.padEnd(8)} ${String(of.length).padStart(4)} cases, ${String(right).padStart(4)} as expected`;
  });
}

export const closing = (all: readonly Ended[]): string =>
  `crashes: ${all.length} cases, ${all.filter(({ wrong }) => wrong.length === 0).length} as expected`;
