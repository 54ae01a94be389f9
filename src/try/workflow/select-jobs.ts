// Which job of a workflow is played, and as how many.

import { type Combination, combinations } from './matrix.ts';
import { evaluate, evaluateText, type Scope } from './evaluate.ts';
import type { Job, JobSource, Strategy, Workflow } from './types.ts';
import { scalarText, type Value } from './value.ts';
import { WorkflowError } from './workflow-error.ts';

/** Contexts that a matrix may use: github, vars, inputs, and needs when it is built from another job's outputs. */
export type MatrixContexts = Pick<Scope['contexts'], 'github' | 'vars' | 'inputs' | 'needs'>;

const list = (jobs: readonly JobSource[]) => jobs.map(({ id }) => id).join(', ');

function choose(workflow: Workflow, name: string | undefined): JobSource {
  const { jobs, file } = workflow;
  if (name !== undefined) {
    const named = jobs.find(({ id }) => id === name);
    if (named) return named;
    throw new WorkflowError('job-unknown', `${file} has no job ${name}; it has: ${list(jobs)}`);
  }
  const contained = jobs.filter(({ hasContainer }) => hasContainer);
  const candidates = contained.length > 0 ? contained : jobs;
  const [only, ...others] = candidates;
  if (only && others.length === 0) return only;
  throw new WorkflowError('job-ambiguous', `${file} has several jobs; say which one with --job: ${list(candidates)}`);
}

const integer = (value: Value | undefined, otherwise: number) =>
  typeof value === 'number' && Number.isInteger(value) ? value : otherwise;

function strategies(source: JobSource, scope: Scope): { matrix: Combination | null; strategy: Strategy }[] {
  const strategy = source.strategy === null ? null : evaluate(source.strategy, scope);
  const settings = strategy instanceof Map ? (strategy as ReadonlyMap<string, Value>) : new Map<string, Value>();
  const matrix = settings.get('matrix') ?? null;
  const all: (Combination | null)[] = matrix === null ? [null] : combinations(matrix);
  return all.map((combination, index) => ({
    matrix: combination,
    strategy: {
      failFast: settings.get('fail-fast') !== false,
      jobIndex: index,
      jobTotal: all.length,
      maxParallel: integer(settings.get('max-parallel'), all.length),
    },
  }));
}

const leaves = (value: Value): string[] => {
  const text = scalarText(value);
  if (text !== null) return [text];
  return (
    value instanceof Map ? [...(value as ReadonlyMap<string, Value>).values()] : (value as readonly Value[])
  ).flatMap(leaves);
};

/** The evaluated name; a matrix value stands behind a name that does not use the matrix itself, as GitHub shows it. */
function displayName(source: JobSource, matrix: Combination | null, scope: Scope): string {
  const named = source.name !== null && source.name.isExpression;
  const name = source.name === null ? source.id : evaluateText(source.name, scope);
  return matrix === null || named ? name : `${name} (${[...matrix.values()].flatMap(leaves).join(', ')})`;
}

/**
 * The job to play, once for each combination of its matrix.
 * @param name the job's id; by default the only job with `container:`, or else the only job
 * @throws {WorkflowError} `job-unknown`, `job-ambiguous`, `job-not-playable`
 */
export function selectJobs(workflow: Workflow, name?: string, contexts: MatrixContexts = {}): Job[] {
  const source = choose(workflow, name);
  if (source.calls !== null) {
    const message = `the job ${source.id} calls the workflow ${source.calls}; play a file whose job has steps of its own`;
    throw new WorkflowError('job-not-playable', message);
  }
  const scope: Scope = { file: workflow.file, status: 'success', env: new Map(), contexts };
  try {
    return strategies(source, scope).map(({ matrix, strategy }) => ({
      ...source,
      workflow,
      matrix,
      strategyContext: strategy,
      displayName: displayName(source, matrix, { ...scope, contexts: { ...contexts, matrix } }),
    }));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WorkflowError('job-not-playable', `the matrix or name of the job ${source.id}: ${reason}`, [], { cause });
  }
}
