// One line a guard, in columns.

import type { Checked } from './check.ts';
import { type Guard, rooms } from './guard.ts';

const longest = (texts: readonly string[]): number => Math.max(0, ...texts.map(({ length }) => length));
const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Makes the columns for a table: room, rule, code, and whatever stands behind them. */
export function columns(guards: readonly Guard[]): (guard: Guard, last: string) => string {
  const room = longest(rooms);
  const rule = longest(guards.map((guard) => guard.rule));
  const code = longest(guards.map((guard) => guard.code ?? '-'));
  return (guard, last) =>
    `${guard.room.padEnd(room)}  ${guard.rule.padEnd(rule)}  ${(guard.code ?? '-').padEnd(code)}  ${last}`;
}

/** From here on a guard is worth a shorter test. */
const slow = 10_000;

/** `noticed by <test>`, or NOT NOTICED and why. */
export function verdictOf({ outcome, took }: Checked): string {
  if (outcome.kind === 'failed' && outcome.why.startsWith('Test timed out'))
    return `noticed by ${cut(outcome.test, 120)}, which did not end`;
  const time = took < slow ? '' : ` (${Math.round(took / 1000)} s)`;
  if (outcome.kind === 'failed') return `noticed by ${cut(outcome.test, 120)}${time}`;
  return `NOT NOTICED: ${outcome.kind === 'passed' ? `${outcome.count} tests passed` : cut(outcome.why, 200)}${time}`;
}
