// Cells as pods of one namespace (DESIGN.md, The cell). Each is created from the PodTemplate and attached before the order
// is sent; a cell writes nothing before its order, so nothing that it writes is missed. The log API is never read.

import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../protocol/index.ts';
import {
  type Attached,
  type KubernetesClient,
  KubernetesError,
  type Watch,
  type WatchTiming,
  defaultWatchTiming,
  isRightless,
  isStatus,
  rightsPatience,
  watch,
} from '../../kubernetes/index.ts';
import type { Logger } from '../../log.ts';
import type { Cell, CellEnd, CellEngine, SeenCell } from '../engine.ts';
import { createPodApi } from './api.ts';
import { type CellParts, attachedCell, endedCell } from './cell.ts';
import { type Stuck, endOf, endedAtOnce, lateAt, removed, stuckAt } from './ending.ts';
import { type PodView, isOver, readPod } from './pod-view.ts';
import { createReadings } from './readiness.ts';
import { removePod } from './removal.ts';
import { failure, isRefusedByPolicy, unfit } from './sentences.ts';
import { type Template, differing, idOf, podName, selectorOf } from './template.ts';
import { type KubernetesTiming, defaultKubernetesTiming } from './timing.ts';

export interface KubernetesCellsOptions {
  readonly client: KubernetesClient;
  /** The cells' own. */
  readonly namespace: string;
  /** Name of the PodTemplate. */
  readonly template: string;
  /** The policy's `image.run`, which the template has to name. */
  readonly image: string;
  /** Seconds that the policy's limits let a cell run, at least. */
  readonly deadline: number;
  readonly log: Logger;
  /** False: the operator goes without the ValidatingAdmissionPolicy. */
  readonly admission?: boolean | undefined;
  readonly timing?: Partial<KubernetesTiming> | undefined;
  readonly watchTiming?: Partial<WatchTiming> | undefined;
}

export interface KubernetesCells extends CellEngine {
  /** Looks now whether cells can be started; resolves to what `ready()` answers then. */
  check(): Promise<string | null>;
  /** Looks and watches no more. Touches no cell. */
  close(): void;
}

const triesAtPolicy = 4;
const cellId = /^[0-9a-f]{32}$/;
const plainName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** @throws {TypeError} a setting that no cell can be made from, in one sentence for the operator */
function checkSettings({ namespace, template, deadline }: KubernetesCellsOptions): void {
  if (!plainName.test(namespace)) throw new TypeError("the cells' namespace is not named as namespaces are");
  if (!plainName.test(template)) throw new TypeError("the cells' PodTemplate is not named as objects are");
  if (!(deadline > 0)) throw new TypeError("the cells' deadline has to be more than 0 seconds");
}

/** Of the API server itself. The kubelet says 404 too, in plain text, of a pod that it has not heard of yet (measured). */
const isGone = (error: unknown): boolean => isStatus(error, 404) && (error as KubernetesError).reason === 'NotFound';
/** The container does not run yet, or no more: plain text with the status 500 (measured). */
const notAttachable = (error: unknown): boolean => [400, 404, 500].some((status) => isStatus(error, status));

function startFailure({ author, operator, detail }: Stuck & { readonly detail: string }): Failure {
  const cause = new Error(operator, { cause: new Error(detail) });
  return new Failure('cell-start-failed', author, { cause, status: 503 });
}

/** @throws {TypeError} settings from which no cell can be made */
export function kubernetesCells(options: KubernetesCellsOptions): KubernetesCells {
  checkSettings(options);
  const { client, namespace, template: name, image, deadline, log, admission = true } = options;
  const timing = { ...defaultKubernetesTiming, ...options.timing };
  const api = createPodApi({ client, namespace, template: name, timing });
  const readings = createReadings(api, { image, deadline, admission }, timing, log);
  let pods: (Watch<PodView> & { readonly labelSelector: string }) | null = null;
  void readings.look();

  const partsOf = (id: string): CellParts => ({ id, api, timing, log });

  function watched(template: Template): Watch<PodView> {
    const labelSelector = selectorOf(template);
    if (pods?.labelSelector === labelSelector) return pods;
    pods?.stop();
    const watchTiming = { ...defaultWatchTiming, ...options.watchTiming };
    pods = {
      ...watch(client, { path: api.podsPath, labelSelector, read: readPod, log, timing: watchTiming }),
      labelSelector,
    };
    return pods;
  }

  /** @throws {Failure} */
  async function ready(): Promise<Template> {
    const last = readings.last();
    const readiness = last !== null && 'template' in last ? last : await readings.look();
    if ('failure' in readiness) throw readiness.failure;
    return readiness.template;
  }

  /** Tries until the container runs or has ended. An attach that comes too early does no harm (measured). */
  async function attachSoon(id: string, seen: Watch<PodView>): Promise<Attached | CellEnd> {
    const began = performance.now();
    let rightless: number | undefined;
    let before: PodView | undefined;
    for (let pause = timing.again; ; pause = Math.min(pause * 2, timing.retry)) {
      try {
        return await api.attach(id);
      } catch (error) {
        if (isGone(error)) return removed;
        const passing = error instanceof KubernetesError && ['unreachable', 'broken-off'].includes(error.trouble);
        if (isRightless(error)) rightless ??= performance.now();
        const soon = isRightless(error) && performance.now() - (rightless ?? 0) < rightsPatience;
        if (!notAttachable(error) && !passing && !soon) throw error;
      }
      const pod = seen.get(podName(id));
      const end = pod === undefined ? null : endOf(pod);
      if (end !== null) return end;
      const stuck = pod === undefined ? null : stuckAt(pod);
      if (stuck !== null) throw startFailure(stuck);
      if (performance.now() - began >= timing.start) throw startFailure(lateAt(pod, timing.start / 1000));
      // Each change may be that it runs now; a pod that stays as it is, for want of a node, is not asked all the time.
      if (pod !== before) pause = timing.again;
      before = pod;
      await seen.changed(podName(id), pause);
    }
  }

  /** An upgrade changes the template first, and the policy hears of it a moment later: neither makes a job red. */
  async function create(id: string): Promise<{ readonly template: Template; readonly pod: PodView }> {
    let template = await ready();
    for (let tries = 1; ; tries++) {
      try {
        return { template, pod: await api.create(template, id) };
      } catch (error) {
        if (tries >= triesAtPolicy || !isRefusedByPolicy(error)) throw error;
      }
      await sleep(timing.retry / 2);
      const seen = await readings.look();
      if ('template' in seen) ({ template } = seen);
    }
  }

  async function start(id: string): Promise<Cell> {
    if (!cellId.test(id)) throw new TypeError('a cell is named by 32 lower hex digits');
    let attached: Attached | null = null;
    let made = false;
    try {
      const { template, pod } = await create(id);
      made = true;
      const fields = differing(template, pod);
      if (fields.length > 0) {
        const cause = new Error(`the cluster made a pod that differs from its template in ${fields.join(', ')}`);
        throw new Failure('cell-start-failed', unfit, { cause });
      }
      const found = await attachSoon(id, watched(template));
      if ('reason' in found) throw startFailure(endedAtOnce(found));
      attached = found;
      return attachedCell(attached, partsOf(id));
    } catch (error) {
      attached?.close();
      // A name that was taken is somebody else's pod. A creation without an answer may still have made one.
      const taken = !made && isStatus(error, 409);
      if (!taken)
        removePod(api, id, timing).catch((err: unknown) => log.error({ err, cell: id }, 'a failed cell may be left'));
      void readings.look();
      log.error({ err: error, cell: id }, 'a cell could not be started');
      throw failure(error);
    }
  }

  async function list(): Promise<readonly SeenCell[]> {
    try {
      const found = await api.list(await readings.known());
      return found.flatMap((pod) => {
        const id = idOf(pod.name);
        // Not made by a gate: nobody's to touch. One on its way out is as good as ended.
        return id === null ? [] : [{ id, running: !isOver(pod) && !pod.deleting }];
      });
    } catch (error) {
      throw failure(error);
    }
  }

  async function adopt(id: string): Promise<Cell> {
    const lost = (why: string, cause?: unknown): Failure =>
      new Failure('cell-lost', `the cell ${id} cannot be found again: ${why}`, { cause });
    if (!cellId.test(id)) throw lost('this is no id of a cell');
    try {
      const template = await readings.known();
      const pod = await api.pod(id);
      if (pod === null) throw lost('it is gone');
      if (selectorOf(pod) !== selectorOf(template)) throw lost('a pod of its name belongs to something else');
      const end = endOf(pod);
      if (end !== null) return endedCell(end, partsOf(id));
      const found = await attachSoon(id, watched(template));
      if (!('reason' in found)) return attachedCell(found, partsOf(id));
      if (found === removed) throw lost('it is gone');
      return endedCell(found, partsOf(id));
    } catch (error) {
      throw failure(error);
    }
  }

  return {
    name: 'kubernetes',
    promises: [],
    survives: true,
    ready() {
      const last = readings.last();
      if (last === null) return 'the API server has not answered yet';
      return 'problem' in last ? last.problem : null;
    },
    start,
    list,
    adopt,
    async check() {
      const seen = await readings.look();
      return 'problem' in seen ? seen.problem : null;
    },
    close() {
      readings.stop();
      pods?.stop();
    },
  };
}
