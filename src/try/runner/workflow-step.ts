// A step of the workflow: a script, a container, or an action that is not played.

import { join } from 'node:path';
import { evaluateText, evaluateTexts, type Step } from '../workflow/index.ts';
import { conductStep, type StepBody, type StepPlan } from './conduct-step.ts';
import { runContainer } from './container-step.ts';
import { processCommandFiles } from './file-commands.ts';
import { openStep } from './open-step.ts';
import type { Run } from './run.ts';
import { scopeOf } from './scope.ts';
import { runScript } from './script-step.ts';
import { firstLine } from './step-details.ts';
import type { StepLog } from './step-log.ts';

function unmaskedName(run: Run, step: Step, env: ReadonlyMap<string, string>): string {
  try {
    if (step.name !== null) return firstLine(evaluateText(step.name, scopeOf(run, env))) || 'run';
    if (step.run !== null) return `Run ${firstLine(evaluateText(step.run, scopeOf(run, env)))}`;
  } catch {
    // The same expression fails the step a moment later, with its place in the file.
  }
  return `Run ${step.uses ?? step.id}`;
}

const displayName = (run: Run, step: Step, env: ReadonlyMap<string, string>) =>
  run.masker.mask(unmaskedName(run, step, env));

export const isForeignAction = (step: Step): boolean =>
  step.uses !== null && !/^(?:\.\/|\$\/|docker:\/\/)/i.test(step.uses);

/** Opens it as the runner does, so that the variables of later calls are the real ones, and goes no further. */
function skipForeignAction(run: Run, log: StepLog, uses: string): 'skipped' {
  const [path = uses, ref = ''] = uses.split('@');
  openStep(run, path.split('/').slice(0, 2).join('/'), ref);
  log.plain(`${uses} is not played: the runner would load it from GitHub and call the hook for each of its parts`);
  return 'skipped';
}

/** A local action's folder comes from a checkout, and there is none: these are the runner's own words for that. */
function missingAction(run: Run, uses: string): Error {
  const folder = join(run.layout.workspace, uses.slice(2));
  const help = 'Did you forget to run actions/checkout before running your local action?';
  return new Error(`Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '${folder}'. ${help}`);
}

async function runBody(run: Run, step: Step, body: StepBody): Promise<'skipped' | void> {
  const uses = step.uses ?? '';
  if (isForeignAction(step)) return skipForeignAction(run, body.log, uses);
  const image = /^docker:\/\//i.test(uses) ? uses.slice('docker://'.length) : null;
  if (step.uses !== null && image === null) throw missingAction(run, uses);
  const files = openStep(run, '', '');
  try {
    if (image === null) await runScript(run, step, body);
    else await runContainer(run, step, image, body);
  } finally {
    processCommandFiles(files, body.log, body.effects);
  }
}

export function playWorkflowStep(run: Run, step: Step, number: number): Promise<void> {
  const plan: StepPlan = {
    number,
    name: displayName(run, step, run.env),
    id: step.id,
    from: 'workflow',
    condition: step.condition,
    continueOnError: step.continueOnError,
    timeout: step.timeout,
    prepare: (env) => {
      run.github.set('action', step.id);
      if (step.env === null) return;
      for (const [name, value] of evaluateTexts(step.env, scopeOf(run, env))) env.set(name, value);
    },
    rename: (env) => displayName(run, step, env),
    run: (body) => runBody(run, step, body),
  };
  return conductStep(run, plan);
}
