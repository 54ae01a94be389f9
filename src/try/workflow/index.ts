export { evaluate, evaluateCondition, evaluateText, evaluateTexts, type Scope, type Status } from './evaluate.ts';
export { readWorkflow } from './read-workflow.ts';
export { selectJobs } from './select-jobs.ts';
export type { Job, Step, Token } from './types.ts';
export { fromJson, type Json, type Value } from './value.ts';
export { WorkflowError } from './workflow-error.ts';
