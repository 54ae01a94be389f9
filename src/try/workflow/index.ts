export { evaluate, evaluateCondition, evaluateText, evaluateTexts, type Scope, type Status } from './evaluate.ts';
export { readWorkflow } from './read-workflow.ts';
export { selectJobs } from './select-jobs.ts';
export type { Job, Step, Token, Workflow } from './types.ts';
export { fromJson, type Json, type Value } from './value.ts';
export { type Problem, WorkflowError } from './workflow-error.ts';
