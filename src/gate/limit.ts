// Nothing is waited for without a limit.

/** The promise's value, or `fallback()` once `ms` have passed. A rejection that comes later is swallowed. */
export async function within<T>(promise: Promise<T>, ms: number, fallback: () => T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((done) => {
    timer = setTimeout(done, ms, 'late' as const);
  });
  try {
    const first = await Promise.race([promise.then((value) => ({ value })), late]);
    if (first !== 'late') return first.value;
    promise.catch(() => undefined);
    return await fallback();
  } finally {
    clearTimeout(timer);
  }
}

/** Runs one after the other whatever it is given; one that fails does not stop the next. */
export function createTurnstile(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
