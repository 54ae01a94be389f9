// A `uses: docker://image` step.

import { evaluateTexts, type Step } from '../workflow/index.ts';
import type { StepBody } from './conduct-step.ts';
import { containerStepEnvironment } from './environment.ts';
import { callHook } from './hook-call.ts';
import { stepContainerMounts, stepContainerPaths } from './mounts.ts';
import type { Run } from './run.ts';
import { scopeOf } from './scope.ts';
import { showDetails } from './step-details.ts';

/** @param image without `docker://`. @throws {Error} what `callHook` throws */
export async function runContainer(
  run: Run,
  step: Step,
  image: string,
  { log, env, effects, signal }: StepBody,
): Promise<void> {
  const inputs = step.with === null ? new Map<string, string>() : evaluateTexts(step.with, scopeOf(run, env));
  const given = [...inputs].flatMap(([name, value]) => (value === '' ? [] : [`  ${name}: ${value}`]));
  showDetails(log, `Run docker://${image}`, given.length === 0 ? [] : ['with:', ...given], env);
  const input = (wanted: string) => [...inputs].find(([name]) => name.toLowerCase() === wanted)?.[1];
  const args = {
    image,
    dockerfile: null,
    entryPointArgs:
      input('args')
        ?.split(' ')
        .map((argument) => argument.trim()) ?? [],
    entryPoint: input('entrypoint') ?? null,
    workingDirectory: '/github/workspace',
    createOptions: null,
    registry: null,
    environmentVariables: containerStepEnvironment(run, env, inputs, stepContainerPaths(run.layout)),
    portMappings: [],
    systemMountVolumes: stepContainerMounts(run.layout),
    userMountVolumes: [],
  };
  await callHook({ run, log, command: 'run_container_step', args, effects, env, signal });
}
