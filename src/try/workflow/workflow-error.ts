import { AirlockError } from '../../protocol/index.ts';

/** Lines and columns count from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type WorkflowErrorCode = 'workflow-invalid' | 'job-unknown' | 'job-ambiguous' | 'job-not-playable';

/** The workflow file cannot be played. All problems of a file are told at once, one a line. */
export class WorkflowError extends AirlockError {
  override readonly name = 'WorkflowError';
  readonly code: WorkflowErrorCode;
  readonly problems: readonly Problem[];

  constructor(code: WorkflowErrorCode, message: string, problems: readonly Problem[] = [], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.problems = problems;
  }
}
