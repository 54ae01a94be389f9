// An error that nobody expected leaves the gate in a state that nobody knows, and it decides for every runner. So it ends,
// whatever Node is told to do with such errors: cells go on, and the next gate goes on with them by the ledger.

import type { Logger } from '../gate/index.ts';

/** Ends the process with 1 after one line in the log. @returns takes that back */
export function endOnCrash(log: Logger): () => void {
  const end = (err: unknown, origin: unknown): void => {
    try {
      log.fatal(
        { err, origin: typeof origin === 'string' ? origin : 'unhandledRejection' },
        'the gate ends by a defect',
      );
    } finally {
      process.exit(1);
    }
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
  return () => {
    process.off('uncaughtException', end);
    process.off('unhandledRejection', end);
  };
}
