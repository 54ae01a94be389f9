// Ctrl-C while jobs are played: the first time the job is cancelled as in GitHub and everything is taken away again, the
// second time the program ends at once. One interruption may come as several signals: from the terminal to all programs
// of a command, and again from those to each other.

export interface Interruptible {
  readonly signal: AbortSignal;
  /** The process obeys signals again as it did. */
  readonly done: () => void;
}

/** Milliseconds in which signals belong to one interruption. */
const one = 1_000;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function interruptible(): Interruptible {
  const cancel = new AbortController();
  const abort = (): void => cancel.abort(new Error('interrupted'));
  let first = Number.POSITIVE_INFINITY;
  const onSignal = (): void => {
    if (performance.now() - first > one) process.exit(130);
    first = Math.min(first, performance.now());
    abort();
  };
  // Whoever read the output is gone (`| head`): nobody is told anything any more, but all is taken away.
  process.stdout.on('error', abort);
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: cancel.signal,
    done() {
      process.stdout.off('error', abort);
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
