// The operator's record of who was allowed what: one JSON line each, on the disk before anything follows from it
// (DESIGN.md, The gate). Tokens never, parameters by name only: their values may be somebody's secret.

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Failure } from '../protocol/index.ts';
import { auditLine } from './audit-line.ts';
import { within } from './limit.ts';

export interface AuditEntry {
  readonly event:
    | 'start'
    | 'policy'
    | 'session'
    | 'proof'
    | 'rehearsal'
    | 'task'
    | 'order'
    | 'choice'
    | 'cancel'
    | 'end'
    | 'stop';
  readonly decision?: 'allowed' | 'refused' | 'failed' | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  /** The closest entry and every point in which it differs. */
  readonly detail?: string | undefined;
  readonly runner?: string | undefined;
  readonly job?: string | undefined;
  readonly repository?: string | undefined;
  readonly repositoryId?: string | undefined;
  readonly ref?: string | undefined;
  readonly sha?: string | undefined;
  readonly eventName?: string | undefined;
  readonly actor?: string | undefined;
  readonly task?: string | undefined;
  readonly params?: readonly string[] | undefined;
  /** How many were sent, where not all names are told. */
  readonly paramCount?: number | undefined;
  readonly target?: string | undefined;
  readonly build?: number | undefined;
  readonly order?: string | undefined;
  readonly cell?: string | undefined;
  readonly verdict?: string | undefined;
  readonly number?: number | null | undefined;
  readonly policy?: string | undefined;
}

export interface Audit {
  /** Resolves when the line is on the disk. @throws {Failure} `audit-failed`: nothing may start */
  write(entry: AuditEntry): Promise<void>;
  /** null, or why the last write failed. */
  broken(): string | null;
  close(): Promise<void>;
}

/** The same log, with a limit on each write. A line that comes too late may still be written: that only says too much. */
export function limitedAudit(audit: Audit, limit: number): Audit {
  return {
    ...audit,
    write: (entry) =>
      within(audit.write(entry), limit, () => {
        throw new Failure('audit-failed', 'the audit log cannot be written in time, so nothing is started');
      }),
  };
}

interface Pending {
  readonly line: string;
  readonly done: () => void;
  readonly fail: (error: Failure) => void;
}

/** Whether a crash has left half a line at the end. */
async function endsInside(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== 0x0a;
}

async function append(file: FileHandle, text: string, sync: boolean): Promise<void> {
  let rest = Buffer.from(text);
  while (rest.length > 0) rest = rest.subarray((await file.write(rest)).bytesWritten);
  if (sync) await file.datasync();
}

/**
 * Lines on stdout, which whoever runs the gate keeps. There the synced record before an order is the ledger's own
 * (PROTOCOL.md, Ledger).
 */
function streamAudit(stream: NodeJS.WritableStream, now: () => number): Audit {
  let broken: string | null = null;
  stream.on('error', ({ message }: Error) => (broken = message));
  return {
    write: (entry) =>
      new Promise((done, fail) => {
        stream.write(auditLine(entry, now()), (error) => {
          broken = error?.message ?? null;
          if (!error) return done();
          fail(new Failure('audit-failed', 'the audit log cannot be written, so nothing is started', { cause: error }));
        });
      }),
    broken: () => broken,
    close: () => Promise.resolve(),
  };
}

/** @param where an absolute path, or `stdout` @throws the system's error when the file cannot be opened */
export async function openAudit(where: string, now: () => number = Date.now): Promise<Audit> {
  return where === 'stdout' ? streamAudit(process.stdout, now) : fileAudit(where, now);
}

/**
 * Opens the audit file for appending, mode 0600; a symbolic link is not followed. Lines that wait together share one
 * write and one sync. @throws the system's error when the file cannot be opened
 */
export async function fileAudit(path: string, now: () => number = Date.now): Promise<Audit> {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
  const file = await open(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_RDWR, 0o600);
  const found = await file.stat();
  // A pipe or a device cannot be synced; whoever reads it keeps it.
  const sync = found.isFile();
  let pending: Pending[] = [];
  let writing: Promise<void> | null = null;
  let broken: string | null = null;
  let inside = sync && (await endsInside(file, found.size));

  async function flush(): Promise<void> {
    while (pending.length > 0) {
      const batch = pending;
      pending = [];
      try {
        // A new line keeps the next entry whole.
        await append(file, `${inside ? '\n' : ''}${batch.map(({ line }) => line).join('')}`, sync);
        broken = null;
        inside = false;
        for (const { done } of batch) done();
      } catch (cause) {
        inside = true;
        broken = cause instanceof Error ? cause.message : String(cause);
        for (const { fail } of batch)
          fail(new Failure('audit-failed', 'the audit log cannot be written, so nothing is started', { cause }));
      }
    }
    writing = null;
  }

  return {
    write: (entry) =>
      new Promise((done, fail) => {
        pending.push({ line: auditLine(entry, now()), done, fail });
        writing ??= flush();
      }),
    broken: () => broken,
    async close() {
      await writing;
      await file.close();
    },
  };
}
