// One point in which a job differs from an entry: its code, and the same sentence for author and operator.

import type { RefusalCode } from '../protocol/index.ts';
import type { Claims } from './claims.ts';
import type { AllowEntry, Ask, RepositoryPolicy } from './types.ts';

/** In the order in which they are told. */
export const pointNames = [
  'task',
  'event',
  'ref',
  'ref protection',
  'workflow',
  'called workflow',
  'environment',
  'target',
  'params',
] as const;

export interface Difference {
  readonly point: (typeof pointNames)[number];
  readonly code: RefusalCode;
  /** Key of the entry. */
  readonly rule: string;
  /** `the job has …, the entry wants …`, for author and audit log. */
  readonly text: string;
  readonly fix: string;
  /** How much of the point differs; it separates entries that differ in the same points. */
  readonly weight?: number;
}

export interface Compared {
  readonly entry: AllowEntry;
  readonly repository: RepositoryPolicy;
  readonly claims: Claims;
}
/** Nothing: the job fits the entry in this point. */
export type Point = (compared: Compared) => Difference | undefined;
export type AskPoint = (compared: Compared, ask: Ask) => Difference | undefined;

const shown = 12;
export function anyOf(words: readonly string[]): string {
  const rest = words.length - shown;
  return rest > 1 ? `${words.slice(0, shown).join(' or ')} or one of ${rest} more` : words.join(' or ');
}
