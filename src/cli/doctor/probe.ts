// A probe on behalf of the doctor. It runs beside a gate that may serve, so its cells are none of that gate's.

import { randomBytes } from 'node:crypto';
import {
  type CellEngine,
  type ProbeOptions,
  type Probed,
  defaultTiming,
  probeFrom,
  silentLog,
} from '../../gate/index.ts';

/** In a cluster, a gate that serves takes away what it does not know: then it is tried once more. */
const tries = 2;

export type Ask = Pick<ProbeOptions, 'drone' | 'attempts' | 'token'>;

/** @throws {Error} in one sentence: no cell could be started, or it told nothing */
export async function probeOnce(cells: CellEngine, ask: Ask): Promise<Probed> {
  const log = silentLog();
  const { signal } = new AbortController();
  for (let left = tries; ; left--) {
    try {
      return await probeFrom({ ...ask, cells, timing: defaultTiming, log, signal });
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}

/** Not the gate's, which would take away cells of its own that it does not know. */
export const ownInstallation = (): string => `doctor-${randomBytes(6).toString('hex')}`;

export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
