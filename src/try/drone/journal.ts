// What was asked, for tests and for the demo to look at: bounded, the oldest go first.

import type { JournalEntry } from './options.ts';

const KEPT = 1000;

export class Journal {
  readonly entries: JournalEntry[] = [];

  add(method: string, path: string, query: URLSearchParams, user: string | undefined): JournalEntry {
    const first = Object.create(null) as Record<string, string>;
    for (const [key, value] of query) if (!Object.hasOwn(first, key)) first[key] = value;
    const entry: JournalEntry = { method, path, query: first, at: Date.now(), ...(user === undefined ? {} : { user }) };
    this.entries.push(entry);
    if (this.entries.length > KEPT) this.entries.splice(0, this.entries.length - KEPT);
    return entry;
  }
}
