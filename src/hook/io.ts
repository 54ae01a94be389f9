// What a process gives the hook, so that a test can give something else. The paths all come from `env`.

import type { Readable } from 'node:stream';
import type { Limits } from './limits.ts';

interface Signals {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): Signals;
  /** Nothing is left that could wake the process. */
  on(event: 'beforeExit', listener: () => void): Signals;
  on(event: 'uncaughtException', listener: (error: unknown) => void): Signals;
}

export interface HookIo {
  /** The hook's own environment, which a workflow's `env:` never reaches (contract/README.md, What is trusted). */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  /** Resolves when the reader has taken the text; rejects when there is no reader any more. */
  readonly write: (text: string) => Promise<void>;
  readonly signals: Signals;
  /** Milliseconds that only grow. */
  readonly now: () => number;
  readonly limits: Limits;
}
