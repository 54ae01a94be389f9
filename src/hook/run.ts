// One call of the runner, from its document on stdin to an exit code. Whatever goes wrong becomes exactly one
// annotation with a code: the runner's own message, which follows, says nothing.

import { AirlockError, Failure, Refusal } from '../protocol/errors.ts';
import { type HookInput, parseHookInput } from '../protocol/hook-input.ts';
import { quote } from '../protocol/quote.ts';
import { cleanupJob } from './cleanup-job.ts';
import type { Hook } from './hook.ts';
import type { HookIo } from './io.ts';
import { prepareJob } from './prepare-job.ts';
import { createPrinter } from './printer.ts';
import { refuse } from './refuse.ts';
import { respond } from './response-file.ts';
import { runScriptStep } from './run-script-step.ts';
import { readSettings } from './settings.ts';
import { sleep } from './sleep.ts';
import { readStdin } from './stdin.ts';

/** An error's code, and the sentences that its annotation tells. */
function told(error: unknown): [code: string, text: string] {
  if (error instanceof Refusal) return [error.code, `${error.message}. Rule: ${error.rule}. To fix: ${error.fix}.`];
  if (error instanceof AirlockError) return [error.code, `${error.message}.`];
  return ['hook-error', `the hook failed: ${quote(String(error), 200)}.`];
}

/** The exit code. */
async function obey(hook: Hook, input: HookInput): Promise<number> {
  switch (input.command) {
    case 'run_script_step':
      return runScriptStep(hook, input);
    case 'run_container_step':
      return refuse('container-step-not-allowed', 'the step is a container action', 'steps', 'use only `run:` steps');
    default: {
      // Nothing is started here, so a signal ends it at once.
      const left = hook.stopped.then(() => Promise.reject(new Failure('cancelled', 'the job was cancelled')));
      const work = input.command === 'prepare_job' ? prepareJob(hook, input) : cleanupJob(hook, input);
      await Promise.race([work, left]);
      return 0;
    }
  }
}

/** Answers one call; never rejects. */
export async function run(io: HookIo): Promise<number> {
  const { env, limits, now, signals } = io;
  const printer = createPrinter(io.write);
  const ending = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    signals.on('SIGINT', resolve).on('SIGTERM', resolve);
  });
  // What nobody could foresee, and a promise that nothing settles any more: still one annotation.
  const broken = new Promise<never>((_, reject) => {
    const idle = new Failure('hook-error', 'the hook has no answer, and nothing left to wait for');
    signals.on('beforeExit', () => reject(idle)).on('uncaughtException', reject);
  });
  let code = 1;
  let cleaning = false;
  const answer = async (): Promise<number> => {
    const input = parseHookInput(await readStdin(io.stdin, limits.stdin));
    const settings = readSettings(env);
    respond(input.responseFile, settings.temp, '');
    cleaning = input.command === 'cleanup_job';
    return obey({ env, limits, now, printer, settings, stopped, over: ending.signal }, input);
  };
  try {
    code = await Promise.race([answer(), broken]);
  } catch (error) {
    const [reason, text] = told(error);
    if (cleaning) printer.own(`airlock: session not closed (${reason}); the gate closes it by itself`);
    else printer.annotation('error', reason, text);
    code = cleaning ? 0 : 1;
  }
  ending.abort();
  // A reader that is gone cannot be told, and one that does not read is not waited for after a signal.
  const patience = stopped.then(() => sleep(limits.lastWords));
  await Promise.race([printer.end(), patience]).catch(() => undefined);
  return code;
}
