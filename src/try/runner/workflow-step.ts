// A step of the workflow: a script, a container, or an action that is not played.

import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { evaluateText, evaluateTexts, type Step } from '../workflow/index.ts';
import { conductStep, type StepBody, type StepPlan } from './conduct-step.ts';
import { containerStepEnvironment, scriptEnvironment } from './environment.ts';
import { createCommandFiles, processCommandFiles } from './file-commands.ts';
import { callHook } from './hook-call.ts';
import { jobPaths, stepContainerMounts, stepContainerPaths, toContainerPath } from './mounts.ts';
import type { Run } from './run.ts';
import { scopeOf } from './scope.ts';
import { checkShell, describeShell, scriptText, shellArguments } from './shell.ts';
import type { StepLog } from './step-log.ts';

/** The first line that is not blank. */
const firstLine = (text: string) => text.replace(/^[ \t\r\n]+/, '').split(/[\r\n]/)[0] ?? '';

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

function showDetails(log: StepLog, title: string, lines: readonly string[], env: ReadonlyMap<string, string>): void {
  log.group(title);
  for (const line of lines) log.plain(line);
  if (env.size > 0) log.plain('env:');
  for (const [name, value] of env) log.plain(`  ${name}: ${value}`);
  log.endGroup();
}

const brightCyan = (line: string) => `\u001b[36;1m${line}\u001b[0m`;

/** What the runner does before any step of a workflow: the event's file, and the files that the step is heard by. */
function openStep(run: Run, repository: string, ref: string) {
  const { layout, github } = run;
  const eventFile = join(layout.workflow, 'event.json');
  mkdirSync(layout.workflow, { recursive: true });
  writeFileSync(eventFile, JSON.stringify(run.payload));
  github.set('event_path', eventFile);
  github.set('action_repository', repository);
  github.set('action_ref', ref);
  const files = createCommandFiles(layout.fileCommands);
  for (const [name, path] of files) github.set(name, path);
  return files;
}

function workingDirectory(run: Run, step: Step, env: ReadonlyMap<string, string>): string {
  const given = step.workingDirectory === null ? undefined : evaluateText(step.workingDirectory, scopeOf(run, env));
  const path = given ?? run.defaults.get('working-directory') ?? '';
  const { workspace } = run.layout;
  // .NET's Path.Combine: an absolute path wins, dots stay where they are.
  const combined = isAbsolute(path) ? path : path === '' ? workspace : `${workspace}/${path}`;
  return toContainerPath(combined, jobPaths(run.layout));
}

async function runScript(run: Run, step: Step, { log, env, effects, signal }: StepBody): Promise<void> {
  const scope = scopeOf(run, env);
  const text = step.run === null ? '' : evaluateText(step.run, scope);
  const own = step.shell === null ? '' : evaluateText(step.shell, scope);
  const shell = describeShell(own === '' ? run.defaults.get('shell') : own);
  const lines = text.replaceAll('\r\n', '\n').replace(/\n+$/, '').split('\n').map(brightCyan);
  showDetails(log, `Run ${firstLine(text)}`, [...lines, `shell: ${shell.command} ${shell.template}`], env);
  checkShell(shell);
  const file = join(run.layout.temp, `${randomUUID()}${shell.extension}`);
  const paths = jobPaths(run.layout);
  const args = {
    entryPointArgs: shellArguments(shell, toContainerPath(file, paths)),
    entryPoint: shell.command,
    environmentVariables: scriptEnvironment(run, env, paths),
    prependPath: [...run.prependPath],
    workingDirectory: workingDirectory(run, step, env),
  };
  writeFileSync(file, scriptText(shell, text), { mode: 0o600 });
  await callHook({ run, log, command: 'run_script_step', args, effects, env, signal });
}

async function runContainer(
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
