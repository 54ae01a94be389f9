// What an expression of the job sees at a moment of its run.

import { fromJson, type Json, type Scope, type Value } from '../workflow/index.ts';
import type { Run } from './run.ts';

const textMap = (texts: Iterable<readonly [string, string]>): ReadonlyMap<string, Value> => new Map(texts);

function githubContext({ github, payload, token, options }: Run): Value {
  return new Map<string, Value>([
    ...github,
    ['ref_protected', options.event.refProtected],
    ['token', token],
    ['event', fromJson(payload)],
  ]);
}

function needsContext({ needs }: Run): Value {
  return fromJson(
    Object.fromEntries(Object.entries(needs).map(([id, { result, outputs }]) => [id, { result, outputs }])),
  );
}

function stepsContext({ outcomes }: Run): Value {
  return new Map(
    [...outcomes].map(([id, { outputs, outcome, conclusion }]) => [
      id,
      new Map<string, Value>([
        ['outputs', textMap(outputs)],
        ['outcome', outcome],
        ['conclusion', conclusion],
      ]),
    ]),
  );
}

function jobContext({ status, container, services, options }: Run): Value {
  const { checkRunId } = options.event;
  return fromJson({
    status,
    check_run_id: /^\d{1,15}$/.test(checkRunId) ? Number(checkRunId) : checkRunId,
    container,
    services,
  });
}

/** Given inputs over the defaults of `workflow_dispatch`; a boolean is one here, while github.event.inputs holds text. */
function inputsContext({ job, options: { event } }: Run): Value {
  if (event.name !== 'workflow_dispatch') return fromJson({});
  const declared = job.workflow.triggers.workflow_dispatch?.inputs ?? {};
  const given = event.inputs ?? {};
  const entries = new Map<string, Json>(Object.entries(given));
  for (const [name, { type, default: value }] of Object.entries(declared)) {
    const text = Object.hasOwn(given, name) ? given[name] : value;
    entries.set(name, (type as string) === 'boolean' ? String(text) === 'true' : (text ?? ''));
  }
  return fromJson(Object.fromEntries(entries));
}

function strategyContext({ job: { strategyContext } }: Run): Value {
  return fromJson({
    'fail-fast': strategyContext.failFast,
    'job-index': strategyContext.jobIndex,
    'job-total': strategyContext.jobTotal,
    'max-parallel': strategyContext.maxParallel,
  });
}

/** @param env the `env` context: the job's, or with a step's own laid over it */
export function scopeOf(run: Run, env: ReadonlyMap<string, string> = run.env): Scope {
  return {
    file: run.job.workflow.path,
    status: run.status,
    env,
    contexts: {
      github: githubContext(run),
      vars: textMap(Object.entries(run.options.vars)),
      secrets: textMap([...Object.entries(run.options.secrets), ['GITHUB_TOKEN', run.token]]),
      needs: needsContext(run),
      strategy: strategyContext(run),
      matrix: run.job.matrix,
      job: jobContext(run),
      steps: stepsContext(run),
      runner: textMap(run.runner),
      inputs: inputsContext(run),
    },
  };
}
