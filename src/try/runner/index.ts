export { playJob } from './play-job.ts';
export type {
  Annotation,
  Conclusion,
  JobResult,
  PlayedEvent,
  PlayOptions,
  RunnerLine,
  StepResult,
} from './types.ts';
