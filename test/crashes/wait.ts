import { setTimeout as sleep } from 'node:timers/promises';

/** @throws {Error} it did not come */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = sleep(ms, undefined, { signal: over.signal }).then(() => {
    throw new Error(`${what}: not within ${ms / 1000} s`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

/** @throws {Error} it did not come */
export async function until(ms: number, what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const limit = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > limit) throw new Error(`${what}: not within ${ms / 1000} s`);
    await sleep(100);
  }
}
