// Taking a container away, whatever state it and the engine are in. It counts as gone only when the engine says so.

import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../protocol/index.ts';
import type { Engine } from './engine.ts';
import { EngineError } from './engine-error.ts';
import type { DockerTiming } from './timing.ts';

const isGone = (error: unknown): boolean => error instanceof EngineError && error.status === 404;

/** By whatever these find a container. */
type Remover = Pick<Engine, 'remove' | 'inspect'>;

/** @returns null: it is gone; else what was in the way this time */
async function tryOnce(api: Remover, id: string): Promise<unknown> {
  try {
    await api.remove(id);
  } catch (error) {
    // 409: somebody else is removing it just now. Whatever it was, the next look tells whether it is gone.
    if (isGone(error)) return null;
    if (!(error instanceof EngineError && error.trouble === 'refused')) return error;
  }
  try {
    const { State } = await api.inspect(id);
    return new Error(`it is still there, ${State.Status}`);
  } catch (error) {
    return isGone(error) ? null : error;
  }
}

/**
 * Resolves when it is gone.
 * @param what for the operator: `the cell`
 * @throws {Failure} `no-cell-engine` when it is not, after `timing.remove`
 */
export async function removeContainer(api: Remover, id: string, what: string, timing: DockerTiming): Promise<void> {
  const until = performance.now() + timing.remove;
  for (let pause = 50; ; pause = Math.min(pause * 2, timing.retry)) {
    const cause = await tryOnce(api, id);
    if (cause === null) return;
    if (performance.now() >= until)
      throw new Failure('no-cell-engine', `${what} ${id} could not be removed from the Docker engine`, { cause });
    await sleep(pause);
  }
}

/** @throws {Failure} `no-cell-engine` */
export const removeCell = (api: Remover, id: string, timing: DockerTiming): Promise<void> =>
  removeContainer(api, id, 'the cell', timing);
