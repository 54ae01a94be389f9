// What is used of a pod, and no more: the server adds fields with every version. `terminationMessage` is left out on
// purpose: a cell writes it itself.

import * as v from 'valibot';

const word = v.optional(v.string(), '');
const state = v.object({ reason: word, message: word });

const pod = v.object({
  metadata: v.object({
    name: v.string(),
    uid: v.string(),
    labels: v.optional(v.record(v.string(), v.string()), {}),
    deletionTimestamp: v.optional(v.string()),
  }),
  spec: v.record(v.string(), v.unknown()),
  status: v.optional(
    v.object({
      phase: word,
      reason: word,
      message: word,
      conditions: v.optional(
        v.array(v.object({ type: v.string(), status: v.string(), reason: word, message: word })),
        [],
      ),
      containerStatuses: v.optional(
        v.array(
          v.object({
            name: v.string(),
            state: v.optional(
              v.object({
                waiting: v.optional(state),
                running: v.optional(v.unknown()),
                terminated: v.optional(v.object({ exitCode: v.number(), reason: word })),
              }),
              {},
            ),
          }),
        ),
        [],
      ),
    }),
    {},
  ),
});

/** The only container of a cell's pod. */
export const containerName = 'cell';

export interface PodView {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>>;
  /** Somebody has asked for its end. */
  readonly deleting: boolean;
  readonly phase: string;
  /** Of the pod as a whole: `DeadlineExceeded`, `Evicted`, … */
  readonly reason: string;
  readonly message: string;
  /** Reason and message of the condition PodScheduled=False. */
  readonly unscheduled: { readonly reason: string; readonly message: string } | null;
  /** Reason of the condition DisruptionTarget=True: who ends it. */
  readonly disrupted: string;
  readonly waiting: { readonly reason: string; readonly message: string } | null;
  readonly running: boolean;
  readonly terminated: { readonly exitCode: number; readonly reason: string } | null;
}

/** @throws {Error} not a pod */
export function readPod(object: unknown): PodView {
  const { metadata, spec, status } = v.parse(pod, object);
  const { state: seen = {} } = status.containerStatuses?.find(({ name }) => name === containerName) ?? {};
  const condition = (type: string, is: string) =>
    status.conditions?.find((one) => one.type === type && one.status === is);
  return {
    name: metadata.name,
    uid: metadata.uid,
    labels: metadata.labels,
    spec,
    deleting: metadata.deletionTimestamp !== undefined,
    phase: status.phase ?? '',
    reason: status.reason ?? '',
    message: status.message ?? '',
    unscheduled: condition('PodScheduled', 'False') ?? null,
    disrupted: condition('DisruptionTarget', 'True')?.reason ?? '',
    waiting: seen.waiting ?? null,
    running: seen.running !== undefined,
    terminated: seen.terminated ?? null,
  };
}

/** Whether the pod's process has ended for good. */
export const isOver = ({ phase, terminated }: PodView): boolean =>
  terminated !== null || phase === 'Succeeded' || phase === 'Failed';
