export { playJob } from './play-job.ts';
export type {
  Annotation,
  Conclusion,
  HookCall,
  JobResult,
  Limits,
  PlayedEvent,
  PlayOptions,
  RunnerLine,
  StepResult,
} from './types.ts';
