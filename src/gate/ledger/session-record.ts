// An open session in the ledger, so that the next gate knows it: a hook process only has its session's id.

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
