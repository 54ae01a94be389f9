// An open session in the ledger, so that the next gate knows it: a hook process only has its session's id.

import * as v from 'valibot';
import { type Schema, count, hex32, parseWith, positive, text, textBy } from '../../protocol/index.ts';
import { isRunnerId } from '../identity/runner.ts';
import { parseJobKey } from './key.ts';

export interface SessionRecord {
  readonly v: 1;
  /** 32 lower hex. */
  readonly session: string;
  readonly rev: number;
  readonly epoch: number;
  readonly runner: string;
  readonly ephemeral: boolean;
  /** The job that it proved, as `jobKeyText` writes it; null: none yet. */
  readonly job: string | null;
  /** Milliseconds since the epoch. */
  readonly opened: number;
}

export interface SessionRecords {
  /** Writes revision 1, or the one after what stands. @returns false: another is there, or this gate is not the holder */
  putSession(record: SessionRecord): Promise<boolean>;
  /** Removes it, however often it is called. */
  closeSession(session: string): Promise<void>;
  /** Every open session that can be read. @throws {Failure} `ledger-failed` */
  sessions(): Promise<readonly SessionRecord[]>;
}

const schema: Schema<SessionRecord> = v.strictObject({
  v: v.literal(1),
  session: hex32,
  rev: positive,
  epoch: positive,
  runner: v.pipe(text(251), textBy(isRunnerId, "a runner's id")),
  ephemeral: v.boolean(),
  job: v.nullable(textBy((job) => parseJobKey(job) !== null, 'a job')),
  opened: count,
});

/** @throws {Refusal} `input-*` */
export const parseSessionRecord = (value: unknown): SessionRecord => parseWith(schema, value, 'the session record');
