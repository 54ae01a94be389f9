// Taking a pod away. It counts as gone only when the API server has none of its name any more: with a grace of a second or
// more that is the kubelet's word that its process is dead (measured).

import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../protocol/index.ts';
import { isStatus } from '../../kubernetes/index.ts';
import type { PodApi } from './api.ts';
import type { KubernetesTiming } from './timing.ts';

/** @returns null: it is gone; else what was in the way this time */
async function tryOnce(api: PodApi, id: string, asked: boolean): Promise<unknown> {
  try {
    if (!asked) await api.remove(id);
    const pod = await api.pod(id);
    return pod === null ? null : new Error(`its pod is still there, ${pod.deleting ? 'on its way out' : pod.phase}`);
  } catch (error) {
    return isStatus(error, 404) ? null : error;
  }
}

/** Resolves when the pod is gone. @throws {Failure} `no-cell-engine` when it is not, after `timing.remove` */
export async function removePod(api: PodApi, id: string, timing: KubernetesTiming): Promise<void> {
  const until = performance.now() + timing.remove;
  let asked = false;
  for (let pause = 100; ; pause = Math.min(pause * 2, timing.retry)) {
    const cause = await tryOnce(api, id, asked);
    if (cause === null) return;
    // A delete that was taken need not be said again; anything else may mean that it was not.
    asked = cause instanceof Error && cause.message.endsWith('on its way out');
    if (performance.now() >= until)
      throw new Failure('no-cell-engine', `the cell ${id} could not be removed from the cluster`, { cause });
    await sleep(pause);
  }
}
