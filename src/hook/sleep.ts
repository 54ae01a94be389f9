import { setTimeout } from 'node:timers/promises';

/** Resolves after `ms`, rejects when `over` is aborted first. */
export const sleep = (ms: number, over?: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, over && { signal: over });
