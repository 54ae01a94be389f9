// The rules that hold for every step, whatever it does: its condition, a cancel, its time limit, continue-on-error, and
// what its end means for the job.

import { evaluate, evaluateCondition, type Token } from '../workflow/index.ts';
import { startClock } from './clock.ts';
import type { StepEffects } from './file-commands.ts';
import { openLog, type Run } from './run.ts';
import { scopeOf } from './scope.ts';
import { effectsOn, type Kept } from './step-effects.ts';
import { errorMessage, type StepLog } from './step-log.ts';
import type { Conclusion, StepResult } from './types.ts';

export interface StepBody {
  readonly log: StepLog;
  readonly effects: StepEffects;
  /** The job's environment with the step's laid over it. */
  readonly env: Map<string, string>;
  readonly signal: AbortSignal;
}

export interface StepPlan {
  readonly number: number;
  readonly name: string;
  readonly id: string;
  readonly from: StepResult['from'];
  /** Holds a status function. */
  readonly condition: string;
  readonly continueOnError?: Token | null;
  readonly timeout?: Token | null;
  /** Called before the condition is looked at, as the runner does: the step's env may be part of it. */
  readonly prepare?: (env: Map<string, string>) => void;
  /** The name may use what `prepare` has added. */
  readonly rename?: (env: ReadonlyMap<string, string>) => string;
  /** @throws {Error} the step failed; its message is shown. `skipped`: there was nothing to do. */
  readonly run: (body: StepBody) => Promise<'skipped' | void>;
}

/** While it runs, a step is cancelled with the job unless its condition holds for a cancelled job too. */
function listenForCancel(
  run: Run,
  plan: StepPlan,
  env: ReadonlyMap<string, string>,
  abort: AbortController,
): () => void {
  if (run.status === 'cancelled') return () => {};
  run.onCancel = () => {
    try {
      if (!evaluateCondition(plan.condition, scopeOf(run, env))) abort.abort();
    } catch {
      abort.abort();
    }
  };
  return () => {
    run.onCancel = () => {};
  };
}

async function runBody(
  run: Run,
  plan: StepPlan,
  log: StepLog,
  env: Map<string, string>,
  kept: Kept,
): Promise<Conclusion> {
  const abort = new AbortController();
  const stopListening = listenForCancel(run, plan, env, abort);
  let stopClock = () => {};
  try {
    stopClock = startClock(run, plan.timeout ?? null, 0, env, (minutes) => {
      log.debug(`timeout-minutes: ${minutes} is over`);
      abort.abort();
    });
    const ended = await plan.run({ log, env, signal: abort.signal, effects: effectsOn(run, env, kept) });
    if (ended === 'skipped') return 'skipped';
  } catch (error) {
    log.issue('error', errorMessage(error));
    kept.failed = true;
  } finally {
    stopListening();
    stopClock();
  }
  return kept.failed ? 'failure' : 'success';
}

/** The conclusion when nothing of the step was run, and null when it may. */
function decide(run: Run, plan: StepPlan, log: StepLog, env: Map<string, string>): Conclusion | null {
  try {
    plan.prepare?.(env);
    return evaluateCondition(plan.condition, scopeOf(run, env)) ? null : 'skipped';
  } catch (error) {
    log.issue('error', errorMessage(error));
    return 'failure';
  }
}

function toleratesFailure(run: Run, plan: StepPlan, log: StepLog, env: ReadonlyMap<string, string>): boolean {
  try {
    const value = plan.continueOnError ? evaluate(plan.continueOnError, scopeOf(run, env)) : false;
    return value === true || value === 'true';
  } catch (error) {
    log.issue(
      'error',
      'The step failed and an error occurred when attempting to determine whether to continue on error.',
    );
    log.issue('error', errorMessage(error));
    return false;
  }
}

/** Plays a step and writes down how it ended. Never throws. */
export async function conductStep(run: Run, plan: StepPlan): Promise<void> {
  const env = new Map(run.env);
  const kept: Kept = { outputs: new Map(), summary: '', failed: false };
  let log = openLog(run, plan.number, plan.name);
  const decided = decide(run, plan, log, env);
  const name = decided === null && plan.rename ? plan.rename(env) : plan.name;
  if (name !== plan.name) log = openLog(run, plan.number, name);
  const outcome = decided ?? (await runBody(run, plan, log, env, kept));
  const tolerated = decided === null && outcome === 'failure' && toleratesFailure(run, plan, log, env);
  const conclusion = tolerated ? 'success' : outcome;
  // A name that GitHub gave is reserved: its step is not in the `steps` context.
  const published = plan.id !== '' && !plan.id.startsWith('__');
  if (published) run.outcomes.set(plan.id, { outputs: kept.outputs, outcome, conclusion });
  if (conclusion === 'failure' && run.status === 'success') run.status = 'failure';
  run.results.push({
    number: plan.number,
    name,
    id: plan.id,
    from: plan.from,
    outcome,
    conclusion,
    outputs: Object.fromEntries(kept.outputs),
    annotations: log.annotations,
    summary: kept.summary,
  });
}
