// The API server's calls that cells need, each with its path and the shape of its answer.

import { type Attached, type KubernetesClient, attach, isStatus, listAll } from '../../kubernetes/index.ts';
import { type PodView, containerName, readPod } from './pod-view.ts';
import { type Template, podName, podOf, readTemplate, selectorOf } from './template.ts';
import type { KubernetesTiming } from './timing.ts';

/** All reject with a KubernetesError. */
export interface PodApi {
  readonly podsPath: string;
  template(): Promise<Template>;
  create(template: Template, id: string): Promise<PodView>;
  /** As `create`, without a trace. */
  dryRun(pod: object): Promise<void>;
  /**
   * null: there is none.
   * @param limit milliseconds for all tries together
   */
  pod(id: string, limit?: number): Promise<PodView | null>;
  list(template: Template): Promise<readonly PodView[]>;
  attach(id: string): Promise<Attached>;
  /** Asks for its end; it counts as gone only when it cannot be found any more. */
  remove(id: string): Promise<void>;
}

export interface PodApiOptions {
  readonly client: KubernetesClient;
  readonly namespace: string;
  /** Name of the PodTemplate. */
  readonly template: string;
  readonly timing: KubernetesTiming;
}

export function createPodApi({ client, namespace, template: name, timing }: PodApiOptions): PodApi {
  const base = `/api/v1/namespaces/${namespace}`;
  const podsPath = `${base}/pods`;
  const pathOf = (id: string): string => `${podsPath}/${podName(id)}`;
  const limit = timing.call;
  const once = { patience: timing.call };

  return {
    podsPath,
    async template() {
      return readTemplate(
        (await client.call({ method: 'GET', path: `${base}/podtemplates/${name}`, limit }, once)).body,
      );
    },
    async create(template, id) {
      const body = podOf(template, id);
      return readPod((await client.call({ method: 'POST', path: podsPath, body, limit }, once)).body);
    },
    async dryRun(body) {
      await client.call({ method: 'POST', path: `${podsPath}?dryRun=All`, body, limit }, once);
    },
    async pod(id, most = limit) {
      try {
        return readPod((await client.call({ method: 'GET', path: pathOf(id), limit: most })).body);
      } catch (error) {
        if (isStatus(error, 404)) return null;
        throw error;
      }
    },
    async list(template) {
      const { items } = await listAll(client, podsPath, selectorOf(template), limit);
      return items.map(readPod);
    },
    attach: (id) => attach(client.access, pathOf(id), containerName, { limit: timing.attach, pulse: timing.pulse }),
    async remove(id) {
      // 0 would mean "forget": the process runs on for seconds after its pod is gone (measured).
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 1, propagationPolicy: 'Background' };
      await client.call({ method: 'DELETE', path: pathOf(id), body, limit }, once);
    },
  };
}
