// One call of the hook from beginning to end, with what the runner prints around it.

import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { hookEnvironment } from './environment.ts';
import type { StepEffects } from './file-commands.ts';
import { type HookExit, runHookProcess } from './hook-process.ts';
import { regularFiles } from './layout.ts';
import { createOutput } from './output.ts';
import { type HookResponse, readResponse } from './response.ts';
import type { Run } from './run.ts';
import { errorMessage, type StepLog } from './step-log.ts';
import type { HookCommand } from './types.ts';

export interface HookCallOptions {
  readonly run: Run;
  readonly log: StepLog;
  readonly command: HookCommand;
  readonly args: object;
  readonly effects: StepEffects;
  /** The step's `env` context. */
  readonly env: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
}

const failed = (cause: unknown) =>
  new Error(
    'Executing the custom container implementation failed. Please contact your self hosted runner administrator.',
    { cause },
  );

function exitCodeOf({ exitCode, signal }: HookExit): number {
  if (exitCode !== null) return exitCode;
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}

function prepare(run: Run): string {
  const { hook } = run.options;
  if (!existsSync(hook)) {
    throw new Error(`File not found at '${hook}'. Set ACTIONS_RUNNER_CONTAINER_HOOKS to the path of an existing file.`);
  }
  if (!hook.endsWith('.js'))
    throw new Error(`Invalid file extension at '${hook}': the played runner starts .js files only`);
  const responseFile = join(run.layout.responses, `${randomUUID()}.json`);
  writeFileSync(responseFile, '', { mode: 0o600 });
  return responseFile;
}

async function call(options: HookCallOptions, responseFile: string): Promise<HookExit> {
  const { run, log, command, args, effects, env, signal } = options;
  const { hook } = run.options;
  log.group(`Run '${hook}'`);
  log.plain(`shell: ${process.execPath} {0}`);
  log.endGroup();
  const input = { command, responseFile, args, state: run.hookState };
  const own = hookEnvironment(run);
  const cwd = run.layout.workspace;
  const files = regularFiles(run.layout.temp);
  const exit = await runHookProcess({
    node: process.execPath,
    hook,
    input: JSON.stringify(input),
    env: own,
    cwd,
    onLine: createOutput({ log, masker: run.masker, effects, env }),
    signal,
    limits: run.limits,
  });
  run.calls.push({ command, input, env: own, cwd, files, ...exit, step: log.step });
  return exit;
}

/**
 * @returns what the hook answered; its `state` is kept for the next call
 * @throws {Error} with the runner's one message for every failure; the reason is its cause, and a debug line
 */
export async function callHook(options: HookCallOptions): Promise<HookResponse | null> {
  const { run, log, command, signal } = options;
  try {
    const responseFile = prepare(run);
    const code = exitCodeOf(await call(options, responseFile));
    // The runner does not ask how a cancelled process ended.
    if (signal.aborted) throw new Error('The operation was canceled.');
    if (code !== 0) {
      log.issue('error', `Process completed with exit code ${code}.`);
      throw new Error(
        `The hook script at '${run.options.hook}' running command '${command}' did not execute successfully`,
      );
    }
    const response = readResponse(responseFile, run.options.hook, command);
    if (response?.state !== undefined && response.state !== null) run.hookState = response.state;
    return response;
  } catch (cause) {
    log.debug(errorMessage(cause));
    throw failed(cause);
  }
}
