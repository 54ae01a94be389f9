// `identity.bind: arc`: the EphemeralRunner that actions-runner-controller made for this pod says which job GitHub gave it.
// Its status is written by the controller; the runner has no right in the cluster at all, so it cannot change it.

import * as v from 'valibot';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KubernetesClient, isStatus } from '../kubernetes/index.ts';
import { type JobBinder, notOnRunner } from './bind.ts';
import { podOfRunner } from './pod.ts';

const owned = v.object({
  metadata: v.object({
    uid: v.string(),
    ownerReferences: v.optional(
      v.array(v.object({ apiVersion: v.string(), kind: v.string(), name: v.string(), uid: v.string() })),
      [],
    ),
  }),
});

const ephemeralRunner = v.object({
  metadata: v.object({ uid: v.string() }),
  status: v.optional(
    v.object({
      workflowRunId: v.optional(v.number(), 0),
      jobRepositoryName: v.optional(v.string(), ''),
    }),
    {},
  ),
});

const plainName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const group = 'actions.github.com';
/** The controller hears of a job at the same time as the runner does. */
const again = 250;

/** @param limit milliseconds for one call */
export function arcBinder(client: KubernetesClient, limit = 5_000): JobBinder {
  const get = async (path: string): Promise<unknown> => (await client.call({ method: 'GET', path, limit })).body;

  async function runnerAt(path: string): Promise<v.InferOutput<typeof ephemeralRunner>> {
    try {
      return v.parse(ephemeralRunner, await get(path));
    } catch (error) {
      if (isStatus(error, 404)) throw notOnRunner("this runner's EphemeralRunner is gone");
      throw error;
    }
  }

  return {
    kind: 'arc',
    async check(claims, runner, signal) {
      const pod = podOfRunner(runner);
      if (pod === null) throw notOnRunner('this runner is in no pod of the cluster');
      const { namespace } = pod;
      let found: unknown;
      try {
        found = await get(`/api/v1/namespaces/${namespace}/pods/${pod.pod}`);
      } catch (error) {
        if (isStatus(error, 404)) throw notOnRunner("this runner's pod is gone");
        throw error;
      }
      const { metadata } = v.parse(owned, found);
      if (metadata.uid !== pod.uid) throw notOnRunner("this runner's pod is gone");
      const owner = metadata.ownerReferences?.find(
        ({ kind, apiVersion }) => kind === 'EphemeralRunner' && apiVersion.startsWith(`${group}/`),
      );
      if (owner === undefined) throw notOnRunner("this runner's pod was not made for an EphemeralRunner");
      const [, version = ''] = owner.apiVersion.split('/');
      // Nobody checks what an owner is called; here it becomes part of a path.
      if (!plainName.test(version) || !plainName.test(owner.name))
        throw notOnRunner("this runner's EphemeralRunner has a name that is not understood");
      const path = `/apis/${group}/${version}/namespaces/${namespace}/ephemeralrunners/${owner.name}`;
      for (;;) {
        const { metadata: its, status } = await runnerAt(path);
        if (its.uid !== owner.uid) throw notOnRunner("this runner's EphemeralRunner is gone");
        const { workflowRunId, jobRepositoryName } = status;
        if (workflowRunId !== 0 && jobRepositoryName !== '') {
          const same =
            String(workflowRunId) === claims.runId &&
            jobRepositoryName.toLowerCase() === claims.repository.toLowerCase();
          if (same) return;
          throw notOnRunner('GitHub gave this runner a job of another run or repository');
        }
        // Not told yet. Whoever waits ends this by the signal.
        signal.throwIfAborted();
        await sleep(again, undefined, { signal });
      }
    },
  };
}
