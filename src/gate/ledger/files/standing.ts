// Which names stand, with their revisions. The holder is the only writer, so it reads the folder once a turn and knows
// the rest by itself; a standby looks each time.

import type { Disk } from './disk.ts';
import type { Folder } from './folder.ts';
import { type Kind, isNameOf, parseFileName } from './names.ts';

export interface Entry<T> {
  /** Ascending; never empty. */
  revs: number[];
  /** What the newest one holds, where it was read already: a revision never changes. */
  newest: { readonly rev: number; readonly value: T } | null;
}

export type Entries<T> = Map<string, Entry<T>>;

export interface Standing<T> {
  /** @throws the system's error */
  entries(): Promise<Entries<T>>;
  /** What the folder holds now. @throws the system's error */
  scan(): Promise<Entries<T>>;
  added(name: string, rev: number, value: T): Promise<void>;
  removed(name: string, revs: readonly number[]): Promise<void>;
  /** Somebody else has written: read the folder again. */
  forget(): void;
  keep(entry: Entry<T>, rev: number, value: T): void;
}

export function createStanding<T>(
  kind: Kind,
  disk: Disk,
  folder: Folder,
  epoch: () => number | null,
  cached: number,
): Standing<T> {
  let known: { readonly epoch: number; readonly entries: Promise<Entries<T>> } | null = null;
  const kept = new Set<Entry<T>>();

  async function scan(): Promise<Entries<T>> {
    const entries: Entries<T> = new Map();
    for (const file of await disk.names(folder.of(kind))) {
      const parsed = parseFileName(file);
      if (parsed === null || !isNameOf(kind, parsed.name)) continue;
      const entry = entries.get(parsed.name);
      if (entry === undefined) entries.set(parsed.name, { revs: [parsed.rev], newest: null });
      else entry.revs.push(parsed.rev);
    }
    for (const { revs } of entries.values()) revs.sort((a, b) => a - b);
    return entries;
  }

  function forget(): void {
    known = null;
    kept.clear();
  }

  function entries(): Promise<Entries<T>> {
    const now = epoch();
    if (known !== null && known.epoch === now) return known.entries;
    forget();
    const found = scan();
    if (now === null) return found;
    const mine = { epoch: now, entries: found };
    known = mine;
    found.catch(() => {
      if (known === mine) forget();
    });
    return found;
  }

  function keep(entry: Entry<T>, rev: number, value: T): void {
    entry.newest = { rev, value };
    kept.delete(entry);
    kept.add(entry);
    for (const oldest of kept) {
      if (kept.size <= cached) break;
      oldest.newest = null;
      kept.delete(oldest);
    }
  }

  /** A scan that has not begun yet will see the change by itself. */
  async function change(apply: (entries: Entries<T>) => void): Promise<void> {
    const found = await known?.entries.catch(() => null);
    if (found) apply(found);
  }

  return {
    entries,
    scan,
    forget,
    keep,
    added: (name, rev, value) =>
      change((found) => {
        const entry = found.get(name) ?? { revs: [], newest: null };
        found.set(name, entry);
        if (!entry.revs.includes(rev)) entry.revs = [...entry.revs, rev].sort((a, b) => a - b);
        if (entry.revs.at(-1) === rev) keep(entry, rev, value);
      }),
    removed: (name, revs) =>
      change((found) => {
        const entry = found.get(name);
        if (entry === undefined) return;
        entry.revs = entry.revs.filter((rev) => !revs.includes(rev));
        if (entry.revs.length > 0) return;
        kept.delete(entry);
        found.delete(name);
      }),
  };
}
