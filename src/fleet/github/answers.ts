// What is used of GitHub's answers, and no more (REST API, "Self-hosted runners", "Workflow jobs").

import * as v from 'valibot';

const id = v.pipe(v.number(), v.integer(), v.minValue(0));

export const runnerAnswer = v.object({
  id,
  name: v.string(),
  status: v.optional(v.string(), ''),
  busy: v.optional(v.boolean(), false),
});

/** 201 of `…/actions/runners/generate-jitconfig`. */
export const madeAnswer = v.object({
  runner: runnerAnswer,
  /** Base64; it goes into the environment of one container. */
  encoded_jit_config: v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/=_-]{1,65536}$/)),
});

export const runnersAnswer = v.object({ total_count: id, runners: v.array(runnerAnswer) });

export const groupsAnswer = v.object({ total_count: id, runner_groups: v.array(v.object({ id, name: v.string() })) });

export const jobAnswer = v.object({
  id,
  run_id: id,
  run_attempt: v.optional(id, 0),
  status: v.string(),
  /** null or 0 until a runner has the job. */
  runner_id: v.optional(v.nullable(id), null),
  runner_name: v.optional(v.nullable(v.string()), null),
});

export type RunnerAnswer = v.InferOutput<typeof runnerAnswer>;
export type JobAnswer = v.InferOutput<typeof jobAnswer>;
