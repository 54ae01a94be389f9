// One `allow` entry: a job may do what one entry allows whole.

import * as v from 'valibot';
import { taskNames } from '../protocol/index.ts';
import { calledWorkflow, environmentName, eventName, refGlob, stepName, targetName, workflowPath } from './names.ts';
import { literalProblem, maxValueBytes, paramNameProblem } from './param-rules.ts';
import { maxPatternLength, patternProblem } from './pattern.ts';
import { accepted, listOf, mapOf, object, oneOf } from './shapes.ts';

const paramName = v.pipe(
  v.string(),
  v.regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'is no parameter name; capital letters, digits and _ are allowed, a letter first'),
  v.check(
    (name) => paramNameProblem(name) === undefined,
    ({ input }) => `cannot be a parameter: ${paramNameProblem(input) ?? ''}; choose another name`,
  ),
);
const literal = v.pipe(
  v.string(),
  v.maxLength(maxValueBytes, `is longer than ${maxValueBytes} bytes; shorten it`),
  v.check(
    (value) => literalProblem(value) === undefined,
    ({ input }) => `is refused: ${literalProblem(input) ?? ''}`,
  ),
);
const pattern = v.pipe(
  v.string(),
  v.minLength(1, 'is empty; write a pattern'),
  v.maxLength(maxPatternLength, `is longer than ${maxPatternLength} characters; shorten it`),
  v.check(
    (source) => patternProblem(source) === undefined,
    ({ input }) => `is no RE2 pattern (${patternProblem(input) ?? ''}); correct it`,
  ),
  v.description('RE2 pattern; the whole value must match it'),
);
const paramRule = v.pipe(
  object({
    values: v.optional(listOf(literal, 'The only values allowed')),
    pattern: v.optional(pattern),
    required: v.optional(v.pipe(v.boolean(), v.description('Refuse a job that does not set it')), false),
  }),
  v.check(
    ({ values, pattern: source }) => (values === undefined) !== (source === undefined),
    'needs exactly one of values and pattern; write one of them',
  ),
  v.metadata({ oneOf: [{ required: ['values'] }, { required: ['pattern'] }] }),
);

const buildEvents = ['push', 'tag', 'cron', 'custom', 'promote', 'rollback'] as const;
const builds = object({
  refs: v.optional(listOf(refGlob, "Refs of the build; default: the entry's refs")),
  events: v.optional(
    listOf(
      oneOf(buildEvents, 'Event of the build in Drone'),
      'Events of the build in Drone; custom only if this gate asked for it',
    ),
    ['push', 'custom'],
  ),
  status: v.optional(
    v.pipe(v.literal('success', 'can only be success; write success'), v.description('Status of the build')),
    'success',
  ),
  commit: v.optional(oneOf(['same', 'any'], "same: the build's commit is the job's; rollbacks must say it")),
});

export const entrySchema = object({
  task: oneOf(taskNames, 'What the job may ask for'),
  events: listOf(eventName, 'Events of the workflow run'),
  refs: listOf(refGlob, 'Refs that the workflow may run at'),
  workflows: v.optional(listOf(workflowPath, 'Workflow files that may ask')),
  calledWorkflows: v.optional(
    listOf(calledWorkflow, 'Reusable workflows that must hold the job; a caller cannot change it'),
  ),
  environment: v.optional(environmentName),
  params: v.optional(
    v.pipe(mapOf(paramName, paramRule), v.description('PARAM_<KEY> variables; others are refused')),
    {},
  ),
  targets: v.optional(listOf(targetName, 'DRONE_TARGET; only with drone promote and drone rollback')),
  builds: v.optional(v.pipe(builds, v.description('Which builds; only with drone promote and drone rollback'))),
  expect: v.optional(
    v.pipe(
      object({ steps: listOf(stepName, 'Steps that must be there and have succeeded') }),
      v.description('What must have run'),
    ),
  ),
  unprotected: v.optional(
    v.pipe(v.boolean(), v.description('Allow refs that GitHub does not protect (pipeline: same)')),
    false,
  ),
  sharedSecrets: accepted(
    'An entry without environment reaches the secrets of one with environment: say that you know',
  ),
  whenLost: v.optional(oneOf(['finish', 'cancel'], 'What happens to the build when the runner is lost'), 'finish'),
});

export type EntryFile = v.InferOutput<typeof entrySchema>;
