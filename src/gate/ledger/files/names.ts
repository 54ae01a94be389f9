// What the ledger's files are called. A name is made of checked parts or of a hash, so it is short, harmless, and two
// things never share one; a revision is `name.<rev>` (PROTOCOL.md, Ledger).

import { createHash } from 'node:crypto';

/** The kinds of records, each in a folder of its own. */
export type Kind = 'tasks' | 'bindings' | 'sessions';
export const kinds: readonly Kind[] = ['tasks', 'bindings', 'sessions'];

export interface FolderPaths {
  readonly path: string;
  /** Where files are written before they get their name. */
  readonly aside: string;
  readonly of: (kind: Kind) => string;
}

const jobText = /^[0-9]{1,20}\.[0-9]{1,20}\.[0-9]{1,20}\.(?:c[0-9]{1,20}|r[0-9a-f]{32})$/;
const revision = /^(.{1,200})\.([1-9][0-9]{0,15})$/;

/** Whether a text is a job's key as `jobKeyText` writes it. */
export const isJobText = (job: string): boolean => jobText.test(job);

export const taskName = (job: string, slot: number): string => `${job}.${slot}`;

/** A runner's id may hold slashes and 251 characters. */
export const bindingName = (runner: string): string => createHash('sha256').update(runner).digest('hex');

export const fileName = (name: string, rev: number): string => `${name}.${rev}`;

/** null: not a revision of anything. */
export function parseFileName(file: string): { readonly name: string; readonly rev: number } | null {
  const [, name, digits] = revision.exec(file) ?? [];
  const rev = Number(digits);
  return name === undefined || !Number.isSafeInteger(rev) ? null : { name, rev };
}

/** The job and slot of a task's name; null: no such name. */
export function parseTaskName(name: string): { readonly job: string; readonly slot: number } | null {
  const parts = parseFileName(name);
  return parts === null || !isJobText(parts.name) ? null : { job: parts.name, slot: parts.rev };
}

const shapes: Readonly<Record<Kind, (name: string) => boolean>> = {
  tasks: (name) => parseTaskName(name) !== null,
  bindings: (name) => /^[0-9a-f]{64}$/.test(name),
  sessions: (name) => /^[0-9a-f]{32}$/.test(name),
};

/** Other files in the folder are nobody's record: what has a name was complete before it got one. */
export const isNameOf = (kind: Kind, name: string): boolean => shapes[kind](name);
