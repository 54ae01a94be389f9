// A `run:` step.

import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { evaluateText, type Step } from '../workflow/index.ts';
import type { StepBody } from './conduct-step.ts';
import { scriptEnvironment } from './environment.ts';
import { callHook } from './hook-call.ts';
import { jobPaths, toContainerPath } from './mounts.ts';
import type { Run } from './run.ts';
import { scopeOf } from './scope.ts';
import { checkShell, describeShell, scriptText, shellArguments } from './shell.ts';
import { firstLine, showDetails } from './step-details.ts';

const brightCyan = (line: string) => `\u001b[36;1m${line}\u001b[0m`;

function workingDirectory(run: Run, step: Step, env: ReadonlyMap<string, string>): string {
  const given = step.workingDirectory === null ? undefined : evaluateText(step.workingDirectory, scopeOf(run, env));
  const path = given ?? run.defaults.get('working-directory') ?? '';
  const { workspace } = run.layout;
  // .NET's Path.Combine: an absolute path wins, dots stay where they are.
  const combined = isAbsolute(path) ? path : path === '' ? workspace : `${workspace}/${path}`;
  return toContainerPath(combined, jobPaths(run.layout));
}

/** @throws {Error} before the hook is called, where the runner would not get so far; or what `callHook` throws */
export async function runScript(run: Run, step: Step, { log, env, effects, signal }: StepBody): Promise<void> {
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
