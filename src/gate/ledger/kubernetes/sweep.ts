// Removes what has been over for long enough. Never an open record, never one that cannot be read, and never a binding
// whose job still has a record.

import { jobKeyText } from '../key.ts';
import type { SessionRecords } from '../session-record.ts';
import type { Bindings } from './bindings.ts';
import type { Records } from './records.ts';
import type { Turn } from './turn.ts';

export interface SweepContext {
  readonly records: Records;
  readonly bindings: Bindings;
  readonly sessions: SessionRecords;
  readonly turn: () => Turn | null;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly kept: number;
}

export async function sweep({ records, bindings, sessions, turn, now, kept }: SweepContext): Promise<void> {
  if (turn() === null) return;
  const before = now() - kept;
  const jobs = new Set<string>();
  for (const stored of await records.list({})) {
    if (turn() === null) return;
    if ('unreadable' in stored) {
      jobs.add(stored.job);
      continue;
    }
    const { record } = stored;
    if (record.phase === 'ended' && (record.times.ended ?? record.decided) < before) await records.remove(record);
    else jobs.add(jobKeyText(record.key));
  }
  for (const binding of await bindings.list()) {
    if (turn() === null) return;
    if (binding.bound < before && !jobs.has(binding.job)) await bindings.remove(binding);
  }
  for (const { session, opened } of await sessions.sessions())
    if (opened < before && turn() !== null) await sessions.closeSession(session);
}
