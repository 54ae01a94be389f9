// How a pod ended, or why it does not begin: the cluster's reasons as one sentence for the author and one for the
// operator (reasons measured on a real kubelet).

import { quote } from '../../../protocol/index.ts';
import type { CellEnd } from '../engine.ts';
import { type PodView, isOver } from './pod-view.ts';

export interface Stuck {
  readonly author: string;
  readonly operator: string;
}

const tell = 'tell the operator of the gate';

export const removed: CellEnd = { exitCode: null, reason: 'it was removed' };
export const stillRunning: CellEnd = {
  exitCode: null,
  reason: "the API server's connection to it ended, but it is still running",
};
export const unknownEnd: CellEnd = {
  exitCode: null,
  reason: 'the API server went away, and nobody knows how it goes on',
};

const disruptions = new Map(
  Object.entries({
    EvictionByEvictionAPI: 'it was evicted, as it is when its node is drained',
    PreemptionByScheduler: 'it had to make room for a more important pod',
    DeletionByTaintManager: 'its node was tainted',
    DeletionByPodGC: 'its node is gone',
    TerminationByKubelet: 'its node was short of memory or disk, or was shut down',
  }),
);
const disruption = (by: string): string => disruptions.get(by) ?? `it was disrupted (${quote(by, 64)})`;

/** Of a pod that is gone. @param before as it was last seen */
export const goneAfter = (before: PodView | null): CellEnd =>
  before === null || before.disrupted === '' ? removed : { exitCode: null, reason: disruption(before.disrupted) };

function reasonOf({ reason, disrupted, terminated }: PodView): string {
  if (reason === 'DeadlineExceeded')
    return 'it ran longer than the activeDeadlineSeconds of its PodTemplate allow; the chart has to allow more than the policy needs';
  if (reason === 'Evicted') return 'it was evicted because its node was short of something';
  if (disrupted !== '') return disruption(disrupted);
  if (terminated === null) return 'it has ended, and its node does not say how';
  switch (terminated.reason) {
    case 'OOMKilled':
      return 'it was ended because it needed more memory than a cell may use';
    case 'StartError':
    case 'ContainerCannotRun':
      return 'its process could not be started: does its image have the program "node"?';
    case 'ContainerStatusUnknown':
      return 'its node has lost sight of it';
    default:
      if (terminated.exitCode === 137) return 'it was killed from outside (exit code 137)';
      if (terminated.exitCode === 143) return 'it was told to end (exit code 143)';
      return `it ended with exit code ${terminated.exitCode}`;
  }
}

/** null: its process may still run. */
export function endOf(pod: PodView): CellEnd | null {
  if (isOver(pod)) return { exitCode: pod.terminated?.exitCode ?? null, reason: reasonOf(pod) };
  return null;
}

const noImage: Stuck = {
  author: `the image of the cells is not on the cluster's nodes; ${tell}`,
  operator:
    "a node does not have the image of the cells and may not, or cannot, pull it: see the PodTemplate's image, imagePullPolicy and imagePullSecrets",
};

/** Reasons of a waiting container that no waiting ends within the time that a job has. */
const hopeless: Readonly<Record<string, Stuck>> = {
  ErrImageNeverPull: noImage,
  ErrImagePull: noImage,
  ImagePullBackOff: noImage,
  InvalidImageName: noImage,
  ImageInspectError: noImage,
  CreateContainerConfigError: {
    author: `the cluster cannot make a cell from its PodTemplate; ${tell}`,
    operator: 'the container of a cell cannot be made as the PodTemplate says',
  },
  CreateContainerError: {
    author: `the cluster could not make a cell; run the job again, and if that does not help, ${tell}`,
    operator: 'the container runtime of a node could not make the container of a cell',
  },
  RunContainerError: {
    author: `the cluster could not start a cell; run the job again, and if that does not help, ${tell}`,
    operator: 'the container runtime of a node could not start the container of a cell',
  },
  CrashLoopBackOff: {
    author: `the cluster starts a cell again and again; ${tell}`,
    operator: 'the PodTemplate of the cells has to say restartPolicy: Never',
  },
};

/** Why a pod will not run soon; null: nothing says so. An unscheduled pod has no deadline of its own (measured). */
export function stuckAt({ waiting }: PodView): (Stuck & { readonly detail: string }) | null {
  if (waiting === null || !Object.hasOwn(hopeless, waiting.reason)) return null;
  const { author, operator } = hopeless[waiting.reason] as Stuck;
  return { author, operator, detail: `${waiting.reason}: ${waiting.message}` };
}

/** What is told of a pod that was not there in time. */
export function lateAt(pod: PodView | undefined, seconds: number): Stuck & { readonly detail: string } {
  if (pod?.unscheduled?.reason === 'Unschedulable')
    return {
      author: `no node of the cluster had room for a cell within ${seconds} s; run the job again later, or ${tell}`,
      operator: 'a cell could not be scheduled: add room, or change the nodeSelector or resources of its PodTemplate',
      detail: pod.unscheduled.message,
    };
  return {
    author: `the cluster did not start a cell within ${seconds} s; run the job again, and if that does not help, ${tell}`,
    operator: 'a cell did not run in time: see its pod, its node and the events of its namespace',
    detail:
      pod === undefined
        ? 'the pod is not seen'
        : `${pod.phase} ${pod.waiting?.reason ?? ''} ${pod.waiting?.message ?? ''}`.trim(),
  };
}

/** What is told of a pod that ended before it had its order. */
export const endedAtOnce = ({ reason }: CellEnd): Stuck & { readonly detail: string } => ({
  author: `the cluster started a cell that ended at once; ${tell}`,
  operator: 'a cell ended before it had its order',
  detail: reason,
});
