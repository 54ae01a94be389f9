// Where it goes what a step says by a file or by a command.

import type { StepEffects } from './file-commands.ts';
import type { Run } from './run.ts';

/** What a step leaves behind. */
export interface Kept {
  readonly outputs: Map<string, string>;
  summary: string;
  failed: boolean;
}

/** Outputs and summary belong to the step; environment and path to the job, for every later step. */
export const effectsOn = (run: Run, env: Map<string, string>, kept: Kept): StepEffects => ({
  setOutput: (name, value) => void kept.outputs.set(name, value),
  setEnv: (name, value) => {
    run.env.set(name, value);
    env.set(name, value);
  },
  addPath: (path) => {
    const others = run.prependPath.filter((other) => other !== path);
    run.prependPath.splice(0, Infinity, path, ...others);
  },
  setSummary: (markdown) => {
    kept.summary = run.masker.mask(markdown);
  },
  fail: () => {
    kept.failed = true;
  },
});
