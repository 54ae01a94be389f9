// The steps that the runner adds around those of the workflow: they check the job, call prepare_job and cleanup_job, and
// set the job's outputs.

import { evaluate, evaluateTexts, type Value } from '../workflow/index.ts';
import { conductStep, type StepBody } from './conduct-step.ts';
import { type HookContainer, jobContainer, serviceContainers, type Service } from './container.ts';
import { callHook } from './hook-call.ts';
import type { HookResponse } from './response.ts';
import type { Run } from './run.ts';
import { scopeOf } from './scope.ts';
import { isForeignAction } from './workflow-step.ts';

export interface Containers {
  readonly job: HookContainer;
  readonly services: readonly Service[];
}

const noContainer =
  "Jobs without a job container are forbidden on this runner, please add a 'container:' to your job or contact your self-hosted runner administrator.";

function evaluateJobEnvironment(run: Run): void {
  for (const token of run.job.env) {
    for (const [name, value] of evaluateTexts(token, scopeOf(run))) run.env.set(name, value);
  }
}

/** The job's `defaults: run:` take the place of the workflow's as a whole; an empty one counts as absent. */
function evaluateDefaults(run: Run): void {
  for (const token of run.job.defaults) {
    run.defaults = new Map([...evaluateTexts(token, scopeOf(run))].filter(([, value]) => value !== ''));
  }
}

function evaluateContainers(run: Run): Containers {
  const { job, layout, token, options } = run;
  const login = { actor: options.event.actor, token };
  const container = job.container === null ? null : jobContainer(evaluate(job.container, scopeOf(run)), layout, login);
  if (container === null) throw new Error(noContainer);
  const services: Value = job.services === null ? null : evaluate(job.services, scopeOf(run));
  return { job: container, services: serviceContainers(services, login) };
}

function checkActions(run: Run): void {
  if (run.options.actions === 'skip') return;
  const foreign = run.job.steps.filter(isForeignAction).map(({ uses }) => uses ?? '');
  if (foreign.length === 0) return;
  throw new Error(
    `${[...new Set(foreign)].join(', ')}: airlock's runner loads no action from GitHub, so the job ends here, before any step and any call of the hook`,
  );
}

/** @returns null when the job ends here: nothing else of it is run */
export async function setUpJob(run: Run, number: number): Promise<Containers | null> {
  let containers: Containers | null = null;
  const body = async ({ log }: StepBody): Promise<void> => {
    log.plain("Played runner: makes the calls that GitHub's runner 2.336.0 makes");
    log.plain(`Runner name: '${run.runner.get('name') ?? ''}'`);
    evaluateJobEnvironment(run);
    const found = evaluateContainers(run);
    evaluateDefaults(run);
    checkActions(run);
    log.plain(`Complete job name: ${run.job.displayName}`);
    containers = found;
  };
  await conductStep(run, { number, name: 'Set up job', id: '', from: 'runner', condition: 'success()', run: body });
  return containers;
}

function keepContext(run: Run, { context }: HookResponse, services: readonly Service[]): void {
  const container = context?.container;
  run.container = { id: container?.id ?? null, network: container?.network ?? null };
  run.services = Object.fromEntries(
    services.flatMap(({ alias }, index) => {
      const answered = context?.services?.[index];
      if (answered === undefined) return [];
      return [[alias, { id: answered.id ?? null, network: answered.network ?? null, ports: answered.ports ?? {} }]];
    }),
  );
}

export const initializeContainers = (run: Run, number: number, containers: Containers): Promise<void> =>
  conductStep(run, {
    number,
    name: 'Initialize containers',
    id: '',
    from: 'runner',
    condition: 'success()',
    run: async (body) => {
      const args = { container: containers.job, services: containers.services.map(({ container }) => container) };
      const response = await callHook({ run, command: 'prepare_job', args, ...body });
      if (response !== null) keepContext(run, response, containers.services);
    },
  });

export const stopContainers = (run: Run, number: number): Promise<void> =>
  conductStep(run, {
    number,
    name: 'Stop containers',
    id: '',
    from: 'runner',
    condition: 'always()',
    run: async (body) => {
      await callHook({ run, command: 'cleanup_job', args: {}, ...body });
    },
  });

/** @param note why the job ended early, if it did */
export async function completeJob(run: Run, number: number, note: string | null): Promise<Record<string, string>> {
  const outputs: Record<string, string> = {};
  const body = async ({ log }: StepBody): Promise<void> => {
    if (note !== null) log.issue('error', note);
    if (run.job.outputs === null) return;
    log.plain('Evaluate and set job outputs');
    for (const [name, value] of evaluateTexts(run.job.outputs, scopeOf(run))) {
      if (value === '') log.debug(`Skip output '${name}' since it's empty`);
      else if (run.masker.mask(value) !== value) {
        log.issue('warning', `Skip output '${name}' since it may contain secret.`);
      } else {
        log.plain(`Set output '${name}'`);
        outputs[name] = value;
      }
    }
  };
  await conductStep(run, { number, name: 'Complete job', id: '', from: 'runner', condition: 'always()', run: body });
  return outputs;
}
